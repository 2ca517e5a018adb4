using PipelineService.Core.Parsing.Charsets;

namespace PipelineService.Spool;

/// <summary>
/// The bytes of an upload that its records are read from, while it arrives or afterwards: those that were sent, or what they are when
/// their compression is undone. Offsets are in these bytes. One reader reads them, forward for the most part: going back may cost
/// decoding from the start.
/// </summary>
public interface IDecodedBytes
{
    /// <summary>Bytes that are known to be there by now.</summary>
    long Length { get; }

    /// <summary>Whether it is known that the upload ends at an offset.</summary>
    bool IsEnd(long offset);

    /// <exception cref="UploadAbandonedException">The upload broke off.</exception>
    void ThrowIfAbandoned();

    /// <summary>Waits until there are bytes beyond an offset, or it is known that there will be none.</summary>
    /// <returns>False when the upload ends at the offset, or broke off.</returns>
    ValueTask<bool> WaitForBytesAsync(long offset, CancellationToken cancellationToken);

    /// <summary>Reads what is there at an offset, without waiting for more to arrive: 0 when that is nothing.</summary>
    /// <exception cref="Hosting.JobFaultException">What was sent cannot be decoded.</exception>
    /// <exception cref="SpoolDamagedException">There is less than what was written.</exception>
    /// <exception cref="SpoolUnavailableException">It cannot be read now.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken);

    /// <summary>What the text was made UTF-8 with; null where it is read as it was sent, and offsets are the same in both.</summary>
    Transcoding? Text => null;

    /// <summary>Where an offset is in the text as it was sent. To be asked before anything is read from there on.</summary>
    ValueTask<long> FindAsSentAsync(long offset, CancellationToken cancellationToken) => ValueTask.FromResult(offset);
}
