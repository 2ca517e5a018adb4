namespace PipelineService.Spool.Local;

/// <summary>
/// Watches what the disk has free while uploads arrive, however many at once: what is written is taken out of a grant,
/// and the disk is asked again when the grant is used up.
/// </summary>
/// <param name="ask">Bytes that the disk has free now.</param>
/// <param name="bytesMin">Bytes that are left to others.</param>
internal sealed class FreeSpace(Func<long> ask, long bytesMin)
{
    /// <summary>
    /// Others fill the disk too, so a grant is small. Asking takes a microsecond or two, writing this some hundred.
    /// </summary>
    public const long GrantBytesMax = 1 << 20;

    private readonly Lock _lock = new();
    private long _granted;

    /// <exception cref="SpoolFullException">They would be taken from what is left to others.</exception>
    /// <exception cref="IOException">The disk does not tell.</exception>
    public void Take(long bytes)
    {
        lock (_lock)
        {
            if (_granted < bytes)
            {
                _granted = Math.Min(Math.Max(GrantBytesMax, bytes), ask() - bytesMin);
            }

            if (_granted < bytes)
            {
                throw new SpoolFullException(
                    $"The disk of the spool has to have {bytesMin} bytes free beside the upload.");
            }

            _granted -= bytes;
        }
    }
}
