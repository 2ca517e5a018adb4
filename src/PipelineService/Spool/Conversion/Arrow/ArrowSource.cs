using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using PipelineService.Core.Parsing;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>
/// The messages of a stream or of a file, in the order in which they are read: of a file its dictionaries first. Source:
/// https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc.
/// </summary>
internal sealed class ArrowSource(SafeFileHandle file)
{
    private const int MetadataBytesMax = 64 << 20;
    private const int LengthBytes = sizeof(int);
    private const int BlockBytes = 24;
    private const int HeadBytes = 8;
    private const int IsContinued = -1;

    private readonly long _length = RandomAccess.GetLength(file);

    private static ReadOnlySpan<byte> Magic => "ARROW1"u8;

    /// <summary>The schema, then batches.</summary>
    /// <exception cref="UnconvertibleException">It is neither, or is damaged.</exception>
    public IEnumerable<ArrowMessage> Messages()
    {
        Span<byte> first = stackalloc byte[HeadBytes];
        first = first[..RandomAccess.Read(file, first, 0)];
        return first.StartsWith(Magic) ? OfFile()
            : first.StartsWith("FEA1"u8) ? throw ArrowFaults.NotRead("Feather of version 1. Write it with version 2, which is Arrow IPC")
            : first.Length < LengthBytes ? throw ArrowFaults.CutOff(_length, "before its first message")
            : BinaryPrimitives.ReadInt32LittleEndian(first) != IsContinued
                ? throw new UnconvertibleException(
                    $"The file is no Arrow IPC, or was written before Arrow 0.15. {ForeignContent.SentenceOf(first)}".TrimEnd())
            : OfStream();
    }

    private IEnumerable<ArrowMessage> OfStream()
    {
        for (long at = 0; ;)
        {
            if (_length - at < 2 * LengthBytes)
            {
                throw ArrowFaults.CutOff(_length, "without the mark of its end: its writer was not closed, or not all of it was sent");
            }

            if (ReadInt32(at) != IsContinued)
            {
                throw ArrowFaults.Damaged($"no message begins at byte {at}");
            }

            int length = ReadInt32(at + LengthBytes);
            at += 2 * LengthBytes;
            if (length == 0)
            {
                if (at != _length)
                {
                    throw ArrowFaults.Damaged($"{_length - at} bytes are behind its end");
                }

                yield break;
            }

            byte[] metadata = ReadMetadata(at, length, _length);
            at += length;
            var message = ArrowMessage.Of(metadata, at, _length - at);
            at += message.BodyBytes;
            yield return message;
        }
    }

    private IEnumerable<ArrowMessage> OfFile()
    {
        long tail = _length - Magic.Length - LengthBytes;
        byte[] end = tail >= HeadBytes ? Read(tail, Magic.Length + LengthBytes) : [];
        if (!end.AsSpan().EndsWith(Magic))
        {
            throw ArrowFaults.CutOff(_length, "where the end of an Arrow file should be");
        }

        int footerBytes = BinaryPrimitives.ReadInt32LittleEndian(end);
        if (footerBytes < 0 || footerBytes > tail - HeadBytes)
        {
            throw ArrowFaults.Damaged("its footer has a length that is none");
        }

        byte[] footer = ReadMetadata(tail - footerBytes, footerBytes, tail);
        yield return new ArrowMessage(ArrowMessageKind.Schema, FlatTable.RootOf(footer).Short(0), footer, 0, 0) { HeaderSlot = 1 };
        for (int slot = 2; slot <= 3; slot++)
        {
            int count = BlocksOf(footer, slot);
            for (int i = 0; i < count; i++)
            {
                yield return OfBlock(footer, slot, i, tail - footerBytes);
            }
        }
    }

    private static int BlocksOf(byte[] footer, int slot)
    {
        FlatTable.RootOf(footer).Vector(slot, BlockBytes, out int count);
        return count;
    }

    /// <param name="footer">Says where messages lie.</param>
    /// <param name="end">Where all of them end.</param>
    private ArrowMessage OfBlock(byte[] footer, int slot, int index, long end)
    {
        ReadOnlySpan<byte> block = FlatTable.RootOf(footer).Vector(slot, BlockBytes, out _).Slice(index * BlockBytes, BlockBytes);
        long at = BinaryPrimitives.ReadInt64LittleEndian(block);
        int metadataBytes = BinaryPrimitives.ReadInt32LittleEndian(block[8..]);
        if (at < HeadBytes || at > end - (2 * LengthBytes) || metadataBytes < 2 * LengthBytes)
        {
            throw ArrowFaults.Damaged("its footer names a place that is none");
        }

        int first = ReadInt32(at);
        int prefix = first == IsContinued ? 2 * LengthBytes : LengthBytes;
        int length = first == IsContinued ? ReadInt32(at + LengthBytes) : first;
        if (length > metadataBytes - prefix)
        {
            throw ArrowFaults.Damaged("a message is longer than its footer says");
        }

        byte[] metadata = ReadMetadata(at + prefix, length, end);
        return ArrowMessage.Of(metadata, at + metadataBytes, Math.Max(0, end - at - metadataBytes));
    }

    private byte[] ReadMetadata(long at, int length, long end) =>
        length <= 0 ? throw ArrowFaults.Damaged($"a message has a length that is none, at byte {at}")
        : length > end - at ? throw ArrowFaults.CutOff(end, "within a message")
        : length > MetadataBytesMax ? throw ArrowFaults.NotRead($"a message of more than {MetadataBytesMax} bytes")
        : Read(at, length);

    private int ReadInt32(long at) => BinaryPrimitives.ReadInt32LittleEndian(Read(at, LengthBytes));

    private byte[] Read(long at, int length)
    {
        byte[] bytes = new byte[length];
        for (int filled = 0; filled < length;)
        {
            int read = RandomAccess.Read(file, bytes.AsSpan(filled), at + filled);
            filled += read > 0 ? read : throw ArrowFaults.CutOff(at + filled, "within a message");
        }

        return bytes;
    }
}
