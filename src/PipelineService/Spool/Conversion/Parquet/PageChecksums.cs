using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>
/// Compares the pages of a Parquet file with their checksums where they have them: the library that reads the file does not. What is not
/// found where it should be is left to that. Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
/// </summary>
internal sealed class PageChecksums(SafeFileHandle file)
{
    private const int TrailerBytes = 8;
    private const int FooterBytesMax = 64 << 20;

    /// <summary>A header may have the least and the greatest value of its page.</summary>
    private static readonly int[] HeaderBytes = [512, 64 << 10, 1 << 20];

    private readonly long _length = RandomAccess.GetLength(file);
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(HeaderBytes[^1]);

    /// <returns>Which page is not what was written, as a sentence; null where none is.</returns>
    public static string? FaultOf(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        return new PageChecksums(file).FindFault();
    }

    private string? FindFault()
    {
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        if (!TryRead(trailer, _length - TrailerBytes) || !trailer.EndsWith("PAR1"u8))
        {
            return null;
        }

        int footer = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        byte[] metadata = footer is > 0 and <= FooterBytesMax ? new byte[footer] : [];
        return TryRead(metadata, _length - TrailerBytes - footer)
            ? Chunks(metadata).Select(FaultOfChunk).FirstOrDefault(fault => fault is not null)
            : null;
    }

    /// <summary>Where columns begin and end in each row group.</summary>
    private static List<(long Start, long End)> Chunks(byte[] metadata)
    {
        ThriftReader reader = new(metadata);
        List<(long, long)> chunks = [];
        for (int id = 0; reader.Field(ref id) is not 0 and int type;)
        {
            if (id != 4 || type != ThriftReader.List)
            {
                reader.Skip(type);
                continue;
            }

            int groups = reader.Items(out int item);
            for (int i = 0; i < groups && item == ThriftReader.Struct && !reader.IsBroken; i++)
            {
                ReadGroup(ref reader, chunks);
            }
        }

        return chunks;
    }

    private static void ReadGroup(ref ThriftReader reader, List<(long, long)> chunks)
    {
        for (int id = 0; reader.Field(ref id) is not 0 and int type;)
        {
            if (id != 1 || type != ThriftReader.List)
            {
                reader.Skip(type);
                continue;
            }

            int columns = reader.Items(out int item);
            for (int i = 0; i < columns && item == ThriftReader.Struct && !reader.IsBroken; i++)
            {
                ReadChunk(ref reader, chunks);
            }
        }
    }

    private static void ReadChunk(ref ThriftReader reader, List<(long, long)> chunks)
    {
        const int FilePath = 1, MetaData = 3, Encryption = 8;
        (long data, long dictionary, long bytes, bool isElsewhere) = (0, 0, 0, false);
        for (int id = 0; reader.Field(ref id) is not 0 and int type;)
        {
            isElsewhere |= id is FilePath or Encryption;
            if (id != MetaData || type != ThriftReader.Struct)
            {
                reader.Skip(type);
                continue;
            }

            for (int inner = 0; reader.Field(ref inner) is not 0 and int innerType;)
            {
                switch (inner)
                {
                    case 7:
                        bytes = reader.Integer();
                        break;
                    case 9:
                        data = reader.Integer();
                        break;
                    case 11:
                        dictionary = reader.Integer();
                        break;
                    default:
                        reader.Skip(innerType);
                        break;
                }
            }
        }

        long start = dictionary > 0 && dictionary < data ? dictionary : data;
        if (!isElsewhere && !reader.IsBroken && start > 0 && bytes > 0 && bytes <= long.MaxValue - start)
        {
            chunks.Add((start, start + bytes));
        }
    }

    /// <summary>One whose first page has no checksum has none at all.</summary>
    private string? FaultOfChunk((long Start, long End) chunk)
    {
        for (long at = chunk.Start; at < Math.Min(chunk.End, _length);)
        {
            if (ReadHeader(at) is not { Checksum: { } checksum } page)
            {
                return null;
            }

            at += page.HeaderBytes;
            Crc32 crc = new();
            for (long end = at + page.Bytes; at < end;)
            {
                Span<byte> part = _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, end - at));
                if (!TryRead(part, at))
                {
                    return null;
                }

                crc.Append(part);
                at += part.Length;
            }

            if (crc.GetCurrentHashAsUInt32() != checksum)
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"The page that ends at byte {at} is damaged: its checksum (CRC-32) is wrong");
            }
        }

        return null;
    }

    private (int HeaderBytes, int Bytes, uint? Checksum)? ReadHeader(long at)
    {
        foreach (int bytes in HeaderBytes)
        {
            Span<byte> header = _buffer.AsSpan(0, (int)Math.Min(bytes, _length - at));
            if (!TryRead(header, at))
            {
                return null;
            }

            ThriftReader reader = new(header);
            (long size, uint? checksum) = (-1, null);
            for (int id = 0; reader.Field(ref id) is not 0 and int type;)
            {
                switch (id)
                {
                    case 3:
                        size = reader.Integer();
                        break;
                    case 4:
                        checksum = (uint)reader.Integer();
                        break;
                    default:
                        reader.Skip(type);
                        break;
                }
            }

            if (!reader.IsBroken)
            {
                return size is >= 0 and <= int.MaxValue ? (reader.Position, (int)size, checksum) : null;
            }
        }

        return null;
    }

    private bool TryRead(Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            int read = offset < 0 ? 0 : RandomAccess.Read(file, destination, offset);
            if (read == 0)
            {
                return false;
            }

            destination = destination[read..];
            offset += read;
        }

        return true;
    }
}
