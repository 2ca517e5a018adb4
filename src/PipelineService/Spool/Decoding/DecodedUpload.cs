using System.Buffers;
using PipelineService.Core.Parsing.Charsets;
using PipelineService.Hosting;

namespace PipelineService.Spool.Decoding;

/// <summary>
/// Reads a compressed upload: the spool has what was sent, and here it is decoded as it is read, while it still arrives. Of what has
/// been decoded one block is kept, so that going back by more than that decodes from the start.
/// </summary>
internal sealed class DecodedUpload(SpoolReader upload, UploadCodings codings, DecodingLimits limits) : IDecodedBytes, IDisposable
{
    private const int BlockBytes = 64 << 10;

    private byte[] _block = ArrayPool<byte>.Shared.Rent(BlockBytes);
    private DecodingChain _chain = new(codings, limits);
    private long _sent;
    private long _blockStart;
    private int _blockLength;

    /// <summary>Where the block starts in the text as it was sent.</summary>
    private long _blockStartAsSent;

    /// <summary>Bytes that have been decoded so far.</summary>
    public long Length => _blockStart + _blockLength;

    public Transcoding? Text { get; } = Transcoding.Of(codings.OfText);

    /// <summary>Bytes sent of which they came.</summary>
    public long Taken => _chain.Taken;

    public bool IsEnd(long offset) => _chain.HasEnded && offset == Length;

    public void ThrowIfAbandoned() => upload.ThrowIfAbandoned();

    public async ValueTask<bool> WaitForBytesAsync(long offset, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (offset < Length)
            {
                return true;
            }

            if (await NextBlockAsync(cancellationToken))
            {
                continue;
            }

            if (_chain.HasEnded || (!await upload.WaitForBytesAsync(_sent, cancellationToken) && !MayComplete()))
            {
                return false;
            }
        }
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        if (offset < _blockStart)
        {
            Restart();
        }

        while (offset >= Length)
        {
            if (offset == Length && buffer.Length >= BlockBytes)
            {
                return await ReadThroughAsync(buffer, cancellationToken);
            }

            if (!await NextBlockAsync(cancellationToken))
            {
                return 0;
            }
        }

        int start = (int)(offset - _blockStart), count = Math.Min(buffer.Length, _blockLength - start);
        _block.AsMemory(start, count).CopyTo(buffer);
        return count;
    }

    public async ValueTask<long> FindAsSentAsync(long offset, CancellationToken cancellationToken)
    {
        if (Text is null)
        {
            return offset;
        }

        if (offset < _blockStart)
        {
            Restart();
        }

        while (offset > Length)
        {
            if (!await NextBlockAsync(cancellationToken) && !await WaitForBytesAsync(Length, cancellationToken))
            {
                throw new InvalidOperationException($"The text ends at {Length}, before {offset}.");
            }
        }

        return _blockStartAsSent + Text.LengthOf(_block.AsSpan(0, (int)(offset - _blockStart)));
    }

    public void Dispose()
    {
        _chain.Dispose();
        byte[] block = Interlocked.Exchange(ref _block, []);
        if (block.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private void Restart()
    {
        _chain.Dispose();
        _chain = new DecodingChain(codings, limits);
        (_sent, _blockStart, _blockLength, _blockStartAsSent) = (0, 0, 0, 0);
    }

    /// <summary>Into a buffer that is large enough to be decoded into, with no block between.</summary>
    private async ValueTask<int> ReadThroughAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int read = await DecodeAsync(buffer, cancellationToken);
        if (read > 0)
        {
            (_blockStart, _blockLength, _blockStartAsSent) = (Length + read, 0, _chain.TakenLast);
        }

        return read;
    }

    /// <returns>False when nothing more is there for now, or at all.</returns>
    private async ValueTask<bool> NextBlockAsync(CancellationToken cancellationToken)
    {
        (long start, long startAsSent) = (Length, _chain.TakenLast);
        int read = await DecodeAsync(_block, cancellationToken);
        if (read == 0)
        {
            return false; // the block stays
        }

        (_blockStart, _blockLength, _blockStartAsSent) = (start, read, startAsSent);
        return true;
    }

    private async ValueTask<int> DecodeAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            int read = Decode(destination.Span);
            if (read > 0 || _chain.HasEnded)
            {
                return read;
            }

            cancellationToken.ThrowIfCancellationRequested();
            int more = await upload.ReadAsync(_chain.MakeRoom(), _sent, cancellationToken);
            if (more > 0)
            {
                _sent += more;
                _chain.Add(more);
            }
            else if (MayComplete())
            {
                _chain.Complete();
            }
            else
            {
                return 0;
            }
        }
    }

    /// <summary>Whether all that was sent has been read. Sealed first: from then on the length is the last.</summary>
    private bool MayComplete() => upload.IsSealed && _sent == upload.Length;

    private int Decode(Span<byte> destination)
    {
        try
        {
            return _chain.Decode(destination);
        }
        catch (UndecodableException e)
        {
            throw new JobFaultException(DecodingProblems.Of(e));
        }
    }
}
