using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Keys;

/// <summary>
/// What is done when it is heard that keys have changed. Heard where instances hear of each other's jobs, over the same
/// connection; the trigger on <c>pipeline.api_keys</c> says it.
/// </summary>
public sealed class KeyNews
{
    /// <summary>The channel of PostgreSQL that it goes over.</summary>
    internal const string Channel = "pipeline_keys";

    private readonly KeyRing _keys;

    internal KeyNews(KeyRing keys) => _keys = keys;

    /// <summary>Looks at once; if that fails, the next regular look comes soon.</summary>
    public void Hear() => _ = LookAsync();

    private async Task LookAsync()
    {
        try
        {
            await _keys.RefreshAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or Npgsql.NpgsqlException or ObjectDisposedException)
        {
            // KeyRefresh looks again.
        }
    }
}
