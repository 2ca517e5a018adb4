using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Jobs;

public sealed class RecordTallyTests
{
    [Fact]
    public void Counts_each_reject_under_its_first_reason()
    {
        RejectBuffer rejects = new();
        rejects.AddError(new RecordError(0, RecordErrorCode.TypeMismatch, 0, 0));
        rejects.AddError(new RecordError(1, RecordErrorCode.Minimum, 0, 0));
        rejects.Close(record: 1, line: 1, rawStart: 0, rawLength: 1);
        rejects.Add(new RecordError(1, RecordErrorCode.Minimum, 0, 0), record: 2, line: 2, rawStart: 0, rawLength: 1);
        rejects.Add(new RecordError(0, RecordErrorCode.TypeMismatch, 0, 0), record: 3, line: 3, rawStart: 0, rawLength: 1);
        RecordTally tally = new();

        tally.AddReasons(rejects);

        Assert.Equal([(RecordErrorCode.TypeMismatch, 2), (RecordErrorCode.Minimum, 1)], tally.Rejects);
    }

    [Fact]
    public void Adds_others_and_takes_off_what_was_mended()
    {
        RecordTally tally = new(), chunk = new();
        chunk.Add(new RecordCounts(Read: 10, Loaded: 7, Rejected: 3, Filtered: 0));
        chunk.AddReason(RecordErrorCode.ForeignKey, 2);
        chunk.AddReason(RecordErrorCode.Unique);

        tally.Add(chunk);
        tally.Add(chunk);
        tally.Add(new RecordCounts(Read: 0, Loaded: 4, Rejected: -4, Filtered: 0));
        tally.AddReason(RecordErrorCode.ForeignKey, -4);

        Assert.Equal(new RecordCounts(20, 18, 2, 0), tally.Counts);
        Assert.Equal([(RecordErrorCode.Unique, 2)], tally.Rejects);
    }

    [Fact]
    public void Has_a_place_for_every_code()
    {
        RecordTally tally = new();
        foreach (RecordErrorCode code in Enum.GetValues<RecordErrorCode>())
        {
            tally.AddReason(code);
        }

        Assert.Equal(Enum.GetValues<RecordErrorCode>(), tally.Rejects.Select(reject => reject.Code));
    }
}
