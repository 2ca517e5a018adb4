using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using PipelineService.Core.Lookups;
using PipelineService.Core.Transforms;
using PipelineService.Datasets.Enrich;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Transform.Enrichment;

/// <summary>
/// Where chunks wait for the answers of services: before they come to a worker, with nothing but their bytes. The places are divided among
/// the services, so that one that is slow leaves the others theirs.
/// </summary>
public sealed class AnswerParking : IDisposable
{
    private readonly EnrichmentMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly int _share;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _places = new(StringComparer.Ordinal);

    /// <summary>What reading records needs, as many as chunks have been read here at once.</summary>
    private readonly ConcurrentStack<TransformWorkspace> _idle = new();
    private int _parked;

    public AnswerParking(IOptions<EnrichOptions> options, ServiceClients clients, EnrichmentMetrics metrics, TimeProvider time)
    {
        (_metrics, _time) = (metrics, time);
        _share = options.Value.ChunksMax / Math.Max(1, options.Value.Services.Count);
        if (options.Value.Services.Count > 0)
        {
            metrics.Observe(
                () => clients.All.Select(client => (client.Name, client.Circuit.State, client.CacheBytes)), () => Parked);
        }
    }

    /// <summary>Chunks that wait now.</summary>
    public int Parked => Volatile.Read(ref _parked);

    public void Dispose()
    {
        foreach (SemaphoreSlim places in _places.Values)
        {
            places.Dispose();
        }
    }

    /// <summary>Waits for a place for a chunk.</summary>
    public async Task<IDisposable> EnterAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        SemaphoreSlim places = _places.GetOrAdd(ServiceOf(chunk), _ => new SemaphoreSlim(_share));
        await places.WaitAsync(cancellationToken);
        Interlocked.Increment(ref _parked);
        return new Place(this, places);
    }

    /// <summary>Gets a chunk its answers.</summary>
    public async Task<ChunkAnswers?> AnswerAsync(Chunk chunk)
    {
        TransformWorkspace workspace = _idle.TryPop(out TransformWorkspace? idle) ? idle : new TransformWorkspace();
        long start = _time.GetTimestamp();
        using Activity? span = PipelineTracing.StartEnrichment(chunk.Load.Plan.Trace);
        FaultPoints.Reach(FaultPoint.ServiceAsking);
        ChunkTransform transform = chunk.Load.Transform!;
        ChunkAnswers? answers = transform.WaitedFor(
            await transform.AnswerAsync(chunk.Bytes, chunk.Extent.Position, workspace, chunk.Load.Stopped));
        FaultPoints.Reach(FaultPoint.ServiceAnswered);
        _idle.Push(workspace);
        _metrics.Waited(ServiceOf(chunk), _time.GetElapsedTime(start));
        return answers;
    }

    private static string ServiceOf(Chunk chunk) => chunk.Load.Plan.Rows.Services[0].Service;

    private sealed class Place(AnswerParking parking, SemaphoreSlim places) : IDisposable
    {
        private bool _isLeft;

        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _isLeft, true))
            {
                Interlocked.Decrement(ref parking._parked);
                places.Release();
            }
        }
    }
}
