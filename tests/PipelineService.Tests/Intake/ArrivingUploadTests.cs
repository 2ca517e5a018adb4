using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Intake;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Tests.Intake;

/// <summary>What is refused is in hand until nothing of it is left.</summary>
public sealed class ArrivingUploadTests
{
    /// <summary>A manifest that has its name although its flush failed would be found by recovery, and registered as nobody's.</summary>
    [Fact]
    public async Task A_refused_upload_is_in_hand_until_its_files_are_gone()
    {
        LiveJobs jobs = new();
        var id = Guid.CreateVersion7();
        bool? wasInHand = null;
        JobRow row = new()
        {
            Id = id,
            Dataset = "trips",
            DatasetVersion = 1,
            State = JobState.Receiving.ToText(),
            ContentType = "text/csv",
            CreatedAt = DateTime.UnixEpoch,
            Spool = Guid.CreateVersion7(),
        };
        LiveJob live = new(
            row, "public.trips",
            new UploadForm(DataFormat.Csv, Delimiter: null), recordBytesMax: 1_000, TimeProvider.System);

        await using (new ArrivingUpload(
            live, new SpoolWriter(id, new Watched(() => wasInHand = jobs.Find(id) is not null)), jobs, releases: null!, TimeProvider.System))
        {
        }

        Assert.True(wasInHand, "Its files went while others could take it for nobody's.");
        Assert.Null(jobs.Find(id));
    }

    /// <summary>Tells when what was not sealed goes.</summary>
    private sealed class Watched(Action closing) : IUploadBytes
    {
        public ValueTask AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken) => default;

        public void Clear()
        {
        }

        public Task SealAsync(SpoolManifest manifest) => throw new NotSupportedException();

        public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken) => new(0);

        public ValueTask CloseAsync()
        {
            closing();
            return default;
        }
    }
}
