using System.Buffers;

namespace PipelineService.Spool.Decoding;

/// <summary>One coding on the way from what was sent to what it says, and the bytes that wait before it.</summary>
/// <param name="name">What a message calls it.</param>
/// <param name="decoder">Owned.</param>
internal sealed class DecodingStage(string name, StreamDecoder decoder) : IDisposable
{
    private const int InputBytes = 64 << 10;

    private byte[] _input = ArrayPool<byte>.Shared.Rent(InputBytes);
    private int _start;
    private int _end;
    private bool _isComplete;

    /// <summary>Whether all of it has been decoded.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Bytes that have been taken.</summary>
    public long Taken { get; private set; }

    /// <summary>Bytes that have come of them.</summary>
    public long Given { get; private set; }

    /// <summary>Where the next bytes go: call <see cref="Add"/> when they are there.</summary>
    public Memory<byte> MakeRoom()
    {
        if (_start > 0)
        {
            _input.AsSpan(_start, _end - _start).CopyTo(_input);
            (_start, _end) = (0, _end - _start);
        }

        return _end < _input.Length
            ? _input.AsMemory(_end)
            : throw new InvalidOperationException($"{name} makes nothing of {_end} bytes.");
    }

    public void Add(int bytes) => _end += bytes;

    /// <summary>No more bytes come.</summary>
    public void Complete() => _isComplete = true;

    /// <inheritdoc cref="StreamDecoder.Decode"/>
    /// <exception cref="UndecodableException">It cannot be decoded.</exception>
    public int Decode(Span<byte> destination)
    {
        if (HasEnded)
        {
            return 0;
        }

        try
        {
            int written = decoder.Decode(_input.AsSpan(_start, _end - _start), _isComplete, destination, out int consumed);
            _start += consumed;
            Taken += consumed;
            Given += written;
            if (written == 0 && _isComplete)
            {
                if (_start < _end || !decoder.MayEnd)
                {
                    string what = Taken + _end - _start == 0 ? "there is nothing" : "it breaks off there";
                    throw new DecodingException(DecodingFault.Truncated, what, _end - _start);
                }

                HasEnded = true;
            }

            return written;
        }
        catch (DecodingException e)
        {
            throw new UndecodableException(name, e, Taken + e.Offset);
        }
    }

    public UndecodableException Refuse(DecodingException reason) => new(name, reason, Taken);

    public void Dispose()
    {
        decoder.Dispose();
        byte[] input = Interlocked.Exchange(ref _input, []);
        if (input.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }
}

/// <summary>What was sent cannot be decoded.</summary>
/// <param name="coding">The coding that cannot be undone.</param>
/// <param name="reason">Why.</param>
/// <param name="position">Where, in the bytes that were to be decoded by it.</param>
internal sealed class UndecodableException(string coding, DecodingException reason, long position) : Exception(reason.Message, reason)
{
    public string Coding { get; } = coding;

    public DecodingFault Fault { get; } = reason.Fault;

    public long Position { get; } = position;
}
