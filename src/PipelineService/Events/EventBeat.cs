namespace PipelineService.Events;

/// <summary>Wakes all streams every few seconds: those that were silent show that they live, and all ask whether they still may.</summary>
internal sealed class EventBeat(EventFeed feed, TimeProvider time) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                feed.Wake();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The streams end by themselves.
        }
    }
}
