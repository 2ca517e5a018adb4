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
                new(RecordErrorCode.TypeMismatch, "z", 7),
                new(RecordErrorCode.Required, "b", 2),
                new(RecordErrorCode.Minimum, "a", 1),
                new(RecordErrorCode.Required, "a", 1),
                new(RecordErrorCode.TooFewFields, null, 1),
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

        all.Add(more);

        Assert.Equal([new(RecordErrorCode.Unique, "a", 5), new(RecordErrorCode.Unique, null, 1)], all.Counts);
    }
}
