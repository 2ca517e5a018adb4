namespace PipelineService.Spool;

/// <summary>
/// Where a spool keeps the bytes of one upload. One writer appends; readers read what is there meanwhile, and afterwards.
/// Whoever uses it sees to it that it is closed once, by the last user.
/// </summary>
public interface IUploadBytes
{
    /// <summary>
    /// Appends. When that fails part of the bytes may be there: nothing is appended after it, and nothing sealed.
    /// </summary>
    /// <param name="segments">What to write, in order.</param>
    /// <param name="bytes">The sum of the segments' lengths.</param>
    /// <exception cref="SpoolFullException">The spool does not hold them.</exception>
    /// <exception cref="IOException">They are not taken, or what came before was not made durable.</exception>
    ValueTask AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken);

    /// <summary>Lets go of what was appended: nobody will read it.</summary>
    /// <exception cref="IOException">It cannot be let go.</exception>
    void Clear();

    /// <summary>Makes the upload durable. The manifest is never there before all of the bytes that it speaks of.</summary>
    /// <exception cref="IOException">Something of it is not durable. It must not be tried again.</exception>
    /// <exception cref="SpoolUnavailableException">The spool is not there any more.</exception>
    Task SealAsync(SpoolManifest manifest);

    /// <summary>Reads at an offset where bytes are known to be: at least one, unless they are gone.</summary>
    /// <exception cref="SpoolUnavailableException">They cannot be read now.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken);

    /// <summary>Nobody uses it here any more. What was not sealed goes.</summary>
    ValueTask CloseAsync();
}
