namespace PipelineService.Benchmarks.Harness;

/// <summary>Looks at the memory of a process, many times a second, for as long as it lives.</summary>
internal sealed class ResidentPeak : IAsyncDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _ended = new();
    private readonly Task<double> _watching;

    /// <param name="measure">Its memory in MB (10^6 bytes).</param>
    public ResidentPeak(int process, Func<int, double> measure) => _watching = WatchAsync(process, measure, _ended.Token);

    /// <returns>The most that it had, in MB (10^6 bytes).</returns>
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

    private static async Task<double> WatchAsync(int process, Func<int, double> measure, CancellationToken ended)
    {
        double peak = 0;
        while (!ended.IsCancellationRequested)
        {
            peak = Math.Max(peak, measure(process));
            await Task.Delay(LookInterval, TimeProvider.System, CancellationToken.None);
        }

        return peak;
    }
}
