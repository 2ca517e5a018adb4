using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Rules;

public sealed class RejectTallyTests
{
    [Fact]
    public void Counts_pairs_of_code_and_field_the_most_frequent_first()
    {
        RejectTally tally = new();
        tally.Add(RecordErrorCode.Required, "b");
        tally.Add(RecordErrorCode.Required, "a");
        tally.Add(RecordErrorCode.TooFewFields, field: null);
        tally.Add(RecordErrorCode.Minimum, "a");
        tally.Add(RecordErrorCode.TypeMismatch, "z", records: 7);
        tally.Add(RecordErrorCode.Required, "b");

        Assert.Equal(
            [
                new("type_mismatch", "z", 7),
                new("required", "b", 2),
                new("minimum", "a", 1),
                new("required", "a", 1),
                new("too_few_fields", null, 1),
            ],
            tally.Counts);
    }

    [Fact]
    public void Adds_what_another_has_counted()
    {
        RejectTally all = new();
        all.Add(RecordErrorCode.Unique, "a", records: 2);
        RejectTally more = new();
        more.Add(RecordErrorCode.Unique, "a", records: 3);
        more.Add(RecordErrorCode.Unique, field: null);
        more.Add("late", field: null);

        all.Add(more);

        Assert.Equal([new("unique", "a", 5), new("late", null, 1), new("unique", null, 1)], all.Counts);
    }
}
