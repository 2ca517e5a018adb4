using PipelineService.Hosting;

namespace PipelineService.Spool.Local;

/// <summary>
/// Finds out whether the spool can be written, by writing: permissions, a disk that is gone or read-only and one that does not
/// flush show only then. However often it is asked, one file of one byte is under way, and an answer serves for a second.
/// </summary>
public sealed class SpoolProbe(SpoolDirectory spool, Instance instance, TimeProvider time)
{
    internal const string Extension = ".probe";

    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(1);

    /// <summary>A network file system that hangs never answers; the probe that waits for it is not repeated.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Task<string?>? _probe;
    private long _asOf;

    /// <returns>Why the spool cannot be written, in words; null when it can.</returns>
    public async Task<string?> FindFaultAsync(CancellationToken cancellationToken)
    {
        Task<string?> probe;
        lock (_lock)
        {
            if (_probe is null || (_probe.IsCompleted && time.GetElapsedTime(_asOf) > AgeMax))
            {
                _asOf = time.GetTimestamp();
                _probe = Task.Run(Probe, CancellationToken.None);
            }

            probe = _probe;
        }

        try
        {
            return await probe.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return $"{spool.Root} has not answered for {Patience.TotalSeconds} s.";
        }
    }

    private string? Probe()
    {
        try
        {
            spool.ThrowUnlessThere();
            using FileStream file = new(
                Path.Combine(spool.Root, $"{instance.Id:D}{Extension}"), FileMode.Create, FileAccess.Write, FileShare.None,
                bufferSize: 0, FileOptions.DeleteOnClose);
            file.WriteByte(0);
            file.Flush(flushToDisk: true);
            return null;
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            return e.Message;
        }
    }
}
