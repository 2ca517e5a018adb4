using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PipelineService.Core.Compression;

/// <summary>
/// Undoes DEFLATE (RFC 1951) piece by piece: takes of the source what it can and tells exactly how much that was, so that whoever has
/// the frame around it (gzip, zlib) finds the trailer, the next member, or what does not belong there.
/// </summary>
/// <remarks>
/// The framework's streams do not tell: they read ahead, take a source that ends for the end of the data, and pass over what follows it.
/// A unit (the header of a block, a symbol with its distance) is read as a whole or not at all: of a source that ends in one the last
/// bytes are left, to be given again with those that follow. Not thread-safe.
/// </remarks>
public sealed class Inflater : IDisposable
{
    /// <summary>How far back a match may reach.</summary>
    public const int HistoryBytes = 32 << 10;

    /// <summary>Bytes of the longest unit: no source that is longer is left untouched.</summary>
    public const int UnitBytesMax = 320;

    /// <summary>Bytes that are decoded between two moves of the history to the front.</summary>
    private const int FreshBytes = 64 << 10;

    private const int MatchMax = 258;

    /// <summary>A match is copied eight bytes at a time, beyond its end.</summary>
    private const int Slack = MatchMax + 16;

    private byte[] _window = ArrayPool<byte>.Shared.Rent(HistoryBytes + FreshBytes + Slack);
    private readonly BlockCodes _codes = new();

    private State _state = State.BlockHeader;
    private bool _isLastBlock;
    private int _stored;
    private ulong _bits;
    private int _count;
    private int _end;
    private int _given;

    private enum State
    {
        BlockHeader,
        Stored,
        Symbols,
        Done,
    }

    /// <summary>Why no more can be read; nothing before it was wrong.</summary>
    public InflateFault Fault { get; private set; }

    /// <summary>Whether the last block has been read and all of it was given out.</summary>
    public bool IsDone => _state == State.Done && _given == _end;

    /// <summary>Begins another stream.</summary>
    public void Reset()
    {
        (_state, _isLastBlock, _stored, _bits, _count, _end, _given) = (State.BlockHeader, false, 0, 0, 0, 0, 0);
        Fault = InflateFault.None;
    }

    /// <summary>Gives the window back. Nothing is decoded afterwards.</summary>
    public void Dispose()
    {
        byte[] window = Interlocked.Exchange(ref _window, []);
        if (window.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    /// <summary>
    /// Decodes until the destination is full, the source is used up but for half a unit, or the stream is at its end.
    /// </summary>
    /// <param name="consumed">Bytes of the source that are taken: at the end of the stream none that comes after it.</param>
    /// <returns>Bytes in the destination.</returns>
    public int Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int consumed)
    {
        ObjectDisposedException.ThrowIf(_window.Length == 0, this);
        int position = 0, written = 0;
        while (true)
        {
            int count = Math.Min(_end - _given, destination.Length - written);
            _window.AsSpan(_given, count).CopyTo(destination[written..]);
            _given += count;
            written += count;
            if (_given < _end || _state == State.Done || Fault != InflateFault.None)
            {
                break;
            }

            if (_end > HistoryBytes + FreshBytes - MatchMax)
            {
                _window.AsSpan(_end - HistoryBytes, HistoryBytes).CopyTo(_window);
                _end = _given = HistoryBytes;
            }

            Advance(source, ref position);
            if (_end == _given && _state != State.Done)
            {
                break; // nothing came of what is there
            }
        }

        consumed = position;
        return written;
    }

    /// <summary>Decodes into the window until that is full or the source is used up.</summary>
    private void Advance(ReadOnlySpan<byte> source, ref int position)
    {
        while (Fault == InflateFault.None && _state != State.Done && _end <= HistoryBytes + FreshBytes - MatchMax)
        {
            bool goesOn = _state switch
            {
                State.BlockHeader => TryReadHeader(source, ref position),
                State.Stored => CopyStored(source, ref position),
                _ => ReadSymbols(source, ref position),
            };
            if (!goesOn)
            {
                return;
            }
        }
    }

    private bool CopyStored(ReadOnlySpan<byte> source, ref int position)
    {
        int count = Math.Min(_stored, Math.Min(source.Length - position, HistoryBytes + FreshBytes - _end));
        source.Slice(position, count).CopyTo(_window.AsSpan(_end));
        position += count;
        _end += count;
        _stored -= count;
        if (_stored == 0)
        {
            EndBlock();
            return true;
        }

        return count > 0;
    }

    private void EndBlock() => _state = _isLastBlock ? State.Done : State.BlockHeader;

    /// <returns>False when the source ends in it.</returns>
    private bool TryReadHeader(ReadOnlySpan<byte> source, ref int position)
    {
        BitReader reader = new(source[position..], _bits, _count);
        bool isLast = reader.Read(1) == 1;
        uint type = reader.Read(2);
        State next = State.Symbols;
        switch (type)
        {
            case 0:
                reader.SkipToByte();
                uint length = reader.Read(16), complement = reader.Read(16);
                if (reader.IsWhole && length != (complement ^ 0xFFFF))
                {
                    Fault = InflateFault.StoredLength;
                }

                (next, _stored) = (State.Stored, (int)length);
                break;
            case 1:
                _codes.SetFixed();
                break;
            case 2:
                Fault = _codes.Read(ref reader);
                break;
            default:
                Fault = InflateFault.UnknownBlock;
                break;
        }

        if (!reader.IsWhole)
        {
            Fault = InflateFault.None; // it may yet become right
            return false;
        }

        (_bits, _count) = reader.Rest();
        position += reader.Taken;
        _isLastBlock = isLast;
        _state = next;
        return Fault == InflateFault.None;
    }

    /// <returns>False when the source ends before the block does.</returns>
    private bool ReadSymbols(ReadOnlySpan<byte> source, ref int position)
    {
        if (ReadSymbolsFast(source, ref position))
        {
            return Fault == InflateFault.None;
        }

        BitReader reader = new(source[position..], _bits, _count);
        while (_end <= HistoryBytes + FreshBytes - MatchMax)
        {
            BitReader before = reader;
            bool? hasEnded = TryReadSymbol(ref reader);
            if (!reader.IsWhole)
            {
                Fault = InflateFault.None;
                Keep(before, ref position);
                return false;
            }

            if (hasEnded is not false)
            {
                Keep(reader, ref position);
                return Fault == InflateFault.None;
            }
        }

        Keep(reader, ref position);
        return true;
    }

    private void Keep(BitReader reader, ref int position)
    {
        (_bits, _count) = reader.Rest();
        position += reader.Taken;
    }

    /// <summary>One symbol. What it does is undone by nobody, so it does nothing before all of it is there.</summary>
    /// <returns>Whether the block has ended; null at a fault.</returns>
    private bool? TryReadSymbol(ref BitReader reader)
    {
        uint entry = _codes.Literals.Find(reader.Peek());
        if (!reader.TrySkip((int)(entry & 15)))
        {
            return null;
        }

        switch (entry & HuffmanTable.KindMask)
        {
            case HuffmanTable.Literal:
                _window[_end++] = (byte)(entry >> 16);
                return false;
            case HuffmanTable.End:
                EndBlock();
                return true;
            case HuffmanTable.Invalid:
                Fault = InflateFault.UnknownSymbol;
                return null;
            default:
                break;
        }

        int length = (int)(entry >> 16) + (int)reader.Read((int)(entry >> 4) & 15);
        entry = _codes.Distances.Find(reader.Peek());
        if (!reader.TrySkip((int)(entry & 15)))
        {
            return null;
        }

        if ((entry & HuffmanTable.KindMask) == HuffmanTable.Invalid)
        {
            Fault = InflateFault.UnknownSymbol;
            return null;
        }

        int distance = (int)(entry >> 16) + (int)reader.Read((int)(entry >> 4) & 15);
        if (reader.IsWhole && distance > _end)
        {
            Fault = InflateFault.TooFarBack;
            return null;
        }

        if (reader.IsWhole)
        {
            BackReference.Copy(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_window), _end), distance, length);
            _end += length;
        }

        return false;
    }

    /// <summary>
    /// The same without asking after each symbol whether there is more: as long as sixteen bytes of the source are there, which are
    /// two fills of the bits, and room for what an iteration gives.
    /// </summary>
    /// <returns>Whether the block has ended, or is not right; else the rest of the source is read symbol by symbol.</returns>
    private bool ReadSymbolsFast(ReadOnlySpan<byte> source, ref int position)
    {
        const ulong mask = (1 << BlockCodes.LiteralBits) - 1;
        ref byte input = ref MemoryMarshal.GetReference(source);
        ref byte window = ref MemoryMarshal.GetArrayDataReference(_window);
        HuffmanTable longLiterals = _codes.Literals, distances = _codes.Distances;
        ref uint literals = ref longLiterals.First;
        int last = source.Length - 16, limit = HistoryBytes + FreshBytes - MatchMax, end = _end, next = position;
        (ulong bits, int count) = (_bits, _count);
        bool hasEnded = false;
        while (next <= last && end <= limit)
        {
            Fill(ref input, ref next, ref bits, ref count);
            uint entry = Unsafe.Add(ref literals, (nint)(bits & mask));
            if ((entry & HuffmanTable.KindMask) == HuffmanTable.Literal)
            {
                Unsafe.Add(ref window, end++) = (byte)(entry >> 16);
                Skip(ref bits, ref count, (int)entry & 15);
                entry = Unsafe.Add(ref literals, (nint)(bits & mask));
                if ((entry & HuffmanTable.KindMask) == HuffmanTable.Literal)
                {
                    Unsafe.Add(ref window, end++) = (byte)(entry >> 16);
                    Skip(ref bits, ref count, (int)entry & 15);
                    entry = Unsafe.Add(ref literals, (nint)(bits & mask));
                    if ((entry & HuffmanTable.KindMask) == HuffmanTable.Literal)
                    {
                        Unsafe.Add(ref window, end++) = (byte)(entry >> 16);
                        Skip(ref bits, ref count, (int)entry & 15);
                        continue;
                    }
                }
            }

            if ((entry & HuffmanTable.KindMask) != HuffmanTable.Base)
            {
                entry = longLiterals.Find(bits);
                uint kind = entry & HuffmanTable.KindMask;
                Skip(ref bits, ref count, (int)entry & 15);
                if (kind == HuffmanTable.Literal)
                {
                    Unsafe.Add(ref window, end++) = (byte)(entry >> 16);
                    continue;
                }

                if (kind != HuffmanTable.Base)
                {
                    hasEnded = true;
                    Fault = kind == HuffmanTable.End ? InflateFault.None : InflateFault.UnknownSymbol;
                    break;
                }
            }
            else
            {
                Skip(ref bits, ref count, (int)entry & 15);
            }

            int extra = (int)(entry >> 4) & 15;
            int length = (int)(entry >> 16) + (int)(bits & ((1u << extra) - 1));
            Skip(ref bits, ref count, extra);
            Fill(ref input, ref next, ref bits, ref count);
            entry = distances.Find(bits);
            Skip(ref bits, ref count, (int)entry & 15);
            extra = (int)(entry >> 4) & 15;
            int distance = (int)(entry >> 16) + (int)(bits & ((1u << extra) - 1));
            Skip(ref bits, ref count, extra);
            if ((entry & HuffmanTable.KindMask) == HuffmanTable.Invalid || distance > end)
            {
                Fault = distance > end ? InflateFault.TooFarBack : InflateFault.UnknownSymbol;
                hasEnded = true;
                break;
            }

            BackReference.Copy(ref Unsafe.Add(ref window, end), distance, length);
            end += length;
        }

        next -= count >> 3; // whole bytes that were not needed
        count &= 7;
        (_bits, _count, _end, position) = (bits & ((1u << count) - 1), count, end, next);
        if (hasEnded && Fault == InflateFault.None)
        {
            EndBlock();
        }

        return hasEnded;
    }

    /// <summary>At least 56 bits, of which all beyond the count are what will be read there again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(ref byte input, ref int next, ref ulong bits, ref int count)
    {
        ulong read = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref input, next));
        bits |= (BitConverter.IsLittleEndian ? read : BinaryPrimitives.ReverseEndianness(read)) << count;
        next += (63 - count) >> 3;
        count |= 56;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Skip(ref ulong bits, ref int count, int skipped)
    {
        bits >>= skipped;
        count -= skipped;
    }
}
