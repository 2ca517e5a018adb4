namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// Whether the statements of a flow have spans. Those that carry personal data have none: the driver puts what PostgreSQL says of a
/// failed one on its span, and that may quote a value.
/// </summary>
internal static class StatementSpans
{
    private static readonly AsyncLocal<bool> Suppressed = new();

    public static bool AreRecorded => !Suppressed.Value;

    /// <summary>No statement has a span until the scope ends.</summary>
    /// <param name="isNeeded">False changes nothing.</param>
    public static IDisposable? Suppress(bool isNeeded)
    {
        if (!isNeeded)
        {
            return null;
        }

        Suppressed.Value = true;
        return new Scope();
    }

    private sealed class Scope : IDisposable
    {
        public void Dispose() => Suppressed.Value = false;
    }
}
