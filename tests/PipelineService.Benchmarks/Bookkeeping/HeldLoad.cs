using System.Net;
using System.Net.Http.Headers;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Bookkeeping;

/// <summary>
/// A load with <c>commit: job</c> whose sender falls silent after so many chunks: they are written, and the transaction
/// stays open until the upload ends. The chunks are as small as they may be, so that few bytes are many of them.
/// </summary>
internal sealed class HeldLoad : IAsyncDisposable
{
    private const string Dataset = "bench_held";
    private const string Table = $"public.{Dataset}";
    private const int ChunkBytes = 4 << 10;

    /// <summary>A trip has some 108 bytes: enough to fill each chunk.</summary>
    private const int RowsOfChunk = 39;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan WrittenMax = TimeSpan.FromMinutes(2);

    private static readonly string[] Settings =
    [
        $"Spool__ChunkBytes={ChunkBytes}", "Intake__LoadAfterBytes=4096", "Intake__BodyBytesPerSecondMin=1",
        "Intake__BodyRateGrace=01:00:00",
    ];

    private readonly ServiceProcess _service;
    private readonly long _rows;
    private readonly SilentSender _body;
    private readonly Task<ObservedJob> _upload;

    private HeldLoad(ServiceProcess service, long rows)
    {
        _service = service;
        _rows = rows;
        _body = new SilentSender(new TripsGenerator(new TripsOptions { Rows = rows }));
        _upload = service.Client.UploadAsync(Dataset, _body, waitSeconds: 0, CancellationToken.None);
    }

    /// <summary>Returns when every chunk that was sent is written and nothing moves any more.</summary>
    public static async Task<HeldLoad> OpenAsync(ServiceBuild build, int chunks)
    {
        ServiceProcess service = await build.StartAsync(Settings);
        try
        {
            await service.Client.DeclareAsync(
                Dataset, TripsDefinition.Create(Table, hasKey: true), CancellationToken.None);
            await build.Database.EmptyAsync(Table);
            HeldLoad load = new(service, (long)chunks * RowsOfChunk);
            await load.WaitUntilWrittenAsync(chunks);
            return load;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets the upload end, and looks whether all of it is loaded.</summary>
    public async Task EndAsync()
    {
        Check.That(!_upload.IsCompleted, "the upload did not stay open");
        _body.End();
        ObservedJob job = await _service.Client.FollowAsync(await _upload, changed: null, CancellationToken.None);
        Check.Loaded(job, _rows);
        Check.Equal(_rows, await _service.Database.CountAsync(Table), "rows of the load that was held");
    }

    public async ValueTask DisposeAsync()
    {
        _body.End();
        await _service.DisposeAsync();
        _body.Dispose();
    }

    private async Task WaitUntilWrittenAsync(int chunks)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (await _service.CounterAsync("pipeline_chunk_records_total") < _rows)
        {
            Check.That(!_upload.IsCompleted, "the upload ended while it was to be held");
            Check.That(TimeProvider.System.GetElapsedTime(started) < WrittenMax, "the chunks are not written in time");
            await Task.Delay(Poll, TimeProvider.System);
        }

        long written = await _service.CounterAsync("pipeline_chunk_duration_seconds_count");
        Check.That(written >= chunks, $"only {written} chunks are written, not {chunks}");
        Check.Equal(0L, await _service.Database.CountAsync(Table), "rows that are visible");
    }

    /// <summary>Sends all that there is, and ends the body when it is told to.</summary>
    private sealed class SilentSender : HttpContent
    {
        private readonly TripsGenerator _trips;
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SilentSender(TripsGenerator trips)
        {
            _trips = trips;
            Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        }

        public void End() => _end.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await _trips.WriteToAsync(stream, CancellationToken.None);
            await stream.FlushAsync();
            await _end.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = -1;
            return false;
        }
    }
}
