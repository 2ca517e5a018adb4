namespace PipelineService.Benchmarks.Harness;

/// <summary>Looks at what a process and those that it has started have resident together, many times a second, for as long as it lives.</summary>
internal sealed class ResidentPeak : IAsyncDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _ended = new();
    private readonly Task<double> _watching;

    public ResidentPeak(int process) => _watching = WatchAsync(process, _ended.Token);

    /// <returns>The most that they had, in MB (10^6 bytes).</returns>
    public async Task<double> EndAsync()
    {
        await _ended.CancelAsync();
        return await _watching;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _ended.Dispose();
    }

    private static async Task<double> WatchAsync(int process, CancellationToken ended)
    {
        double peak = 0;
        while (!ended.IsCancellationRequested)
        {
            peak = Math.Max(peak, ProcessUsage.ResidentMBWithChildren(process));
            await Task.Delay(LookInterval, TimeProvider.System, CancellationToken.None);
        }

        return peak;
    }
}
