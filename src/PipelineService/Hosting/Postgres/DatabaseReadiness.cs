namespace PipelineService.Hosting.Postgres;

/// <summary>
/// Whether the database is there and has our schema. It becomes ready once: before the service takes requests where that is
/// possible, or later, when the service was started during an outage.
/// </summary>
public sealed class DatabaseReadiness
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsReady => _ready.Task.IsCompletedSuccessfully;

    /// <summary>Background stages await this before their first use of the database.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    internal void Signal() => _ready.TrySetResult();
}
