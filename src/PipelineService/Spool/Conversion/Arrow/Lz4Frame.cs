using System.Buffers.Binary;
using System.IO.Hashing;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>
/// Decodes an LZ4 frame of known content, checksums and all. Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and
/// lz4_Block_format.md beside it.
/// </summary>
internal static class Lz4Frame
{
    private const uint Magic = 0x184D_2204;
    private const uint IsStored = 0x8000_0000;
    private const int MatchBytesMin = 4;

    /// <exception cref="UnconvertibleException">It is damaged, or does not fill the destination.</exception>
    public static void Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Reader reader = new(source);
        if (reader.UInt32() != Magic)
        {
            throw Damaged();
        }

        ReadOnlySpan<byte> descriptor = source[sizeof(uint)..];
        byte flags = reader.Byte();
        reader.Byte(); // how long blocks are at most: the destination says more
        bool isKnown = flags >> 6 == 1 && (flags & 0b11) == 0; // version 1, and no dictionary
        bool hasBlockChecksums = (flags & 0x10) != 0;
        bool hasContentChecksum = (flags & 0x04) != 0;
        long contentBytes = (flags & 0x08) != 0 ? (long)reader.UInt64() : destination.Length;
        uint header = XxHash32.HashToUInt32(descriptor[..(reader.Position - sizeof(uint))]);
        if (!isKnown || contentBytes != destination.Length || reader.Byte() != (byte)(header >> 8))
        {
            throw Damaged();
        }

        int written = 0;
        while (reader.UInt32() is not 0 and uint size)
        {
            ReadOnlySpan<byte> block = reader.Bytes((int)(size & ~IsStored));
            if (hasBlockChecksums && reader.UInt32() != XxHash32.HashToUInt32(block))
            {
                throw Damaged();
            }

            written += (size & IsStored) != 0 ? Store(block, destination[written..]) : DecodeBlock(block, destination, written);
        }

        if (written != destination.Length || (hasContentChecksum && reader.UInt32() != XxHash32.HashToUInt32(destination)))
        {
            throw Damaged();
        }
    }

    private static int Store(ReadOnlySpan<byte> block, Span<byte> destination)
    {
        if (!block.TryCopyTo(destination))
        {
            throw Damaged();
        }

        return block.Length;
    }

    /// <param name="start">Where to go on. What is before it may be copied from.</param>
    private static int DecodeBlock(ReadOnlySpan<byte> block, Span<byte> destination, int start)
    {
        Reader reader = new(block);
        int at = start;
        while (true)
        {
            byte token = reader.Byte();
            ReadOnlySpan<byte> literals = reader.Bytes(LengthOf(ref reader, token >> 4));
            at += Store(literals, destination[at..]);
            if (reader.IsAtEnd)
            {
                return at - start;
            }

            int offset = reader.UInt16();
            int length = LengthOf(ref reader, token & 0xF) + MatchBytesMin;
            if (offset == 0 || offset > at || length < 0 || length > destination.Length - at)
            {
                throw Damaged();
            }

            // What is copied may be part of what it makes: as much as is there, then that again.
            for (int copied = 0; copied < length;)
            {
                int count = Math.Min(offset + copied, length - copied);
                destination.Slice(at - offset, count).CopyTo(destination[(at + copied)..]);
                copied += count;
            }

            at += length;
        }
    }

    private static int LengthOf(ref Reader reader, int length)
    {
        const int IsContinued = 15;
        if (length != IsContinued)
        {
            return length;
        }

        byte more;
        do
        {
            more = reader.Byte();
            length += more; // of a buffer of 2 GiB at most: no overflow
        }
        while (more == byte.MaxValue && length >= 0);

        return length;
    }

    private static UnconvertibleException Damaged() => ArrowFaults.Damaged("a buffer is not the LZ4 frame that it should be");

    private ref struct Reader(ReadOnlySpan<byte> source)
    {
        private readonly ReadOnlySpan<byte> _source = source;

        public int Position { get; private set; }

        public readonly bool IsAtEnd => Position == _source.Length;

        public ReadOnlySpan<byte> Bytes(int count)
        {
            if (count < 0 || count > _source.Length - Position)
            {
                throw Damaged();
            }

            Position += count;
            return _source.Slice(Position - count, count);
        }

        public byte Byte() => Bytes(1)[0];

        public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(sizeof(ushort)));

        public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint)));

        public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong)));
    }
}
