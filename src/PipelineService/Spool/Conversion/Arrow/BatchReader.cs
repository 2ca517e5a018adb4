using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>
/// Brings batches into memory, one at a time, and dictionaries for as long as they hold. What that takes is known before it is taken, from
/// lengths that are compared with what the file has and with what may be taken.
/// </summary>
/// <param name="memoryBytes">For all of it.</param>
internal sealed class BatchReader(SafeFileHandle file, long memoryBytes)
{
    private const int PrefixBytes = sizeof(long);
    private const int NodeBytes = 16;
    private const int BufferBytes = 16;
    private const long AsItIs = -1;
    private const int Version5 = 4;

    /// <summary>Of the batch that is being written.</summary>
    private byte[] _bytes = [];

    /// <summary>A compressed buffer, while it is decoded.</summary>
    private byte[] _compressed = [];

    private long _keptBytes;

    /// <param name="message">The place of the batch, and the version of what says so.</param>
    /// <param name="batch">What is said of it.</param>
    /// <param name="isKept">Whether it stays when the next is read: a dictionary.</param>
    public ArrowBatch Read(ArrowMessage message, FlatTable batch, bool isKept)
    {
        long length = batch.Long(0);
        (long, long)[] nodes = NodesOf(batch);
        (long Offset, long Length)[] places = PlacesOf(batch, message.BodyBytes);
        BufferCoding coding = CodingOf(batch);
        long[] decoded = [.. places.Select(place => DecodedBytesOf(message, place, coding))];
        var sum = (Int128)0;
        Array.ForEach(decoded, one => sum += one);
        ThrowIfTooMuch(sum + _keptBytes + (coding == BufferCoding.None ? 0 : places.Select(place => place.Length).DefaultIfEmpty().Max()));
        byte[] bytes = isKept ? GC.AllocateUninitializedArray<byte>((int)sum) : Room(ref _bytes, (int)sum);
        _keptBytes += isKept ? (long)sum : 0;
        var buffers = new ByteSlice[places.Length];
        int start = 0;
        for (int i = 0; i < places.Length; i++)
        {
            buffers[i] = new ByteSlice(bytes, start, (int)decoded[i]);
            Fill(bytes.AsSpan(start, (int)decoded[i]), message.BodyOffset + places[i].Offset, places[i].Length, coding);
            start += (int)decoded[i];
        }

        return length >= 0
            ? new ArrowBatch(length, nodes, buffers, LongsOf(batch, slot: 4), HasUnionNulls: message.Version < Version5)
            : throw ArrowFaults.Damaged("a batch has less than no rows");
    }

    /// <summary>A dictionary holds no more.</summary>
    public void Release(ArrowBatch kept) => _keptBytes -= kept.Buffers.Sum(buffer => (long)buffer.Length);

    private void ThrowIfTooMuch(Int128 bytes)
    {
        // A quarter is left to what is written, and to the runtime.
        if (bytes > Math.Min(memoryBytes / 4 * 3, Array.MaxLength))
        {
            throw new DemandingException();
        }
    }

    private void Fill(Span<byte> destination, long offset, long length, BufferCoding coding)
    {
        if (coding == BufferCoding.None || destination.IsEmpty) // of nothing some writers make a frame, and some nothing
        {
            ReadExactly(destination, offset);
            return;
        }

        Span<byte> prefix = stackalloc byte[PrefixBytes];
        ReadExactly(prefix, offset);
        if (BinaryPrimitives.ReadInt64LittleEndian(prefix) == AsItIs)
        {
            ReadExactly(destination, offset + PrefixBytes);
            return;
        }

        Span<byte> source = Room(ref _compressed, (int)length).AsSpan(0, (int)length - PrefixBytes);
        ReadExactly(source, offset + PrefixBytes);
        if (coding == BufferCoding.Lz4)
        {
            Lz4Frame.Decode(source, destination);
        }
        else
        {
            ZstdBuffer.Decode(source, destination);
        }
    }

    private long DecodedBytesOf(ArrowMessage message, (long Offset, long Length) place, BufferCoding coding)
    {
        if (coding == BufferCoding.None || place.Length == 0)
        {
            return place.Length;
        }

        if (place.Length < PrefixBytes)
        {
            throw ArrowFaults.Damaged("a compressed buffer lacks its length");
        }

        Span<byte> prefix = stackalloc byte[PrefixBytes];
        ReadExactly(prefix, message.BodyOffset + place.Offset);
        long bytes = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        return bytes == AsItIs ? place.Length - PrefixBytes
            : bytes >= 0 ? bytes
            : throw ArrowFaults.Damaged("a compressed buffer has a length that is none");
    }

    private void ReadExactly(Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(file, destination, offset);
            if (read == 0)
            {
                throw ArrowFaults.CutOff(offset, "within a batch");
            }

            destination = destination[read..];
            offset += read;
        }
    }

    private static byte[] Room(ref byte[] array, int bytes)
    {
        if (array.Length < bytes)
        {
            array = []; // first, so that both need not be there at once
            array = GC.AllocateUninitializedArray<byte>(bytes);
        }

        return array;
    }

    private static (long Length, long Nulls)[] NodesOf(FlatTable batch)
    {
        ReadOnlySpan<byte> nodes = batch.Vector(1, NodeBytes, out int count);
        var read = new (long, long)[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> node = nodes.Slice(i * NodeBytes, NodeBytes);
            read[i] = (BinaryPrimitives.ReadInt64LittleEndian(node), BinaryPrimitives.ReadInt64LittleEndian(node[8..]));
        }

        return read;
    }

    private static (long Offset, long Length)[] PlacesOf(FlatTable batch, long bodyBytes)
    {
        ReadOnlySpan<byte> buffers = batch.Vector(2, BufferBytes, out int count);
        var read = new (long Offset, long Length)[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> buffer = buffers.Slice(i * BufferBytes, BufferBytes);
            read[i] = (BinaryPrimitives.ReadInt64LittleEndian(buffer), BinaryPrimitives.ReadInt64LittleEndian(buffer[8..]));
            if (read[i].Offset < 0 || read[i].Length < 0 || read[i].Length > bodyBytes || read[i].Offset > bodyBytes - read[i].Length)
            {
                throw ArrowFaults.Damaged("a buffer leads out of its batch");
            }
        }

        return read;
    }

    private static long[] LongsOf(FlatTable batch, int slot)
    {
        ReadOnlySpan<byte> longs = batch.Vector(slot, sizeof(long), out int count);
        long[] read = new long[count];
        for (int i = 0; i < count; i++)
        {
            read[i] = BinaryPrimitives.ReadInt64LittleEndian(longs[(i * sizeof(long))..]);
        }

        return read;
    }

    private static BufferCoding CodingOf(FlatTable batch)
    {
        if (!batch.Has(3))
        {
            return BufferCoding.None;
        }

        FlatTable compression = batch.Table(3);
        return (compression.Byte(0), compression.Byte(1)) switch
        {
            (0, 0) => BufferCoding.Lz4,
            (1, 0) => BufferCoding.Zstd,
            _ => throw ArrowFaults.NotRead("buffers that are compressed with anything but LZ4 or Zstandard"),
        };
    }
}

/// <summary>How the buffers of a batch are compressed.</summary>
internal enum BufferCoding
{
    None,
    Lz4,
    Zstd,
}
