using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>
/// Looks at what the library that reads a Parquet file believes: that pages are what was written, where they have checksums; that they hold
/// as many values as the end of the file says, and end where it says; that lists begin where rows do. What is not found where it should be
/// is left to the library. Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
/// </summary>
internal sealed class PageChecks(SafeFileHandle file)
{
    private const int TrailerBytes = 8;
    private const int FooterBytesMax = 64 << 20;
    private const int DataPage = 0, DataPageV2 = 3;

    /// <summary>A header may have the least and the greatest value of its page.</summary>
    private static readonly int[] HeaderBytes = [512, 64 << 10, 1 << 20];

    private readonly long _length = RandomAccess.GetLength(file);
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(HeaderBytes[^1]);

    /// <returns>What is not as it was written, as a sentence; null where nothing is.</returns>
    public static string? FaultOf(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        return new PageChecks(file).FindFault();
    }

    private string? FindFault()
    {
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        if (!TryRead(trailer, _length - TrailerBytes) || !trailer.EndsWith("PAR1"u8))
        {
            return null;
        }

        int footer = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        byte[] metadata = footer is > 0 and <= FooterBytesMax && footer <= _length - TrailerBytes ? new byte[footer] : [];
        return TryRead(metadata, _length - TrailerBytes - footer)
            ? ParquetFooter.FirstFault(metadata, FaultOf)
            : null;
    }

    private string? FaultOf(ColumnPages column)
    {
        if (column.Depth == 0 && column.Values != column.Rows)
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"It is damaged: {column.Name} has {column.Values} values, and the row group {column.Rows} rows");
        }

        long values = 0;
        bool hasData = false;
        for (long at = column.Start; at < Math.Min(column.End, _length) && values < column.Values;)
        {
            if (ReadHeader(at) is not { } page)
            {
                return null;
            }

            at = page.Start + page.Bytes;
            values += page.Values;
            string? fault =
                !IsAsWritten(page) ? $"The page that ends at byte {Number(at)} is damaged: its checksum (CRC-32) is wrong"
                : at > column.End ? $"It is damaged: a page of {column.Name} ends at byte {Number(at)}, and the column at byte {Number(column.End)}"
                : values > column.Values ? Differs(column, values)
                : !hasData && page.Values > 0 && column.Depth > 0 && FirstLevelOf(page, column) is > 0
                    ? $"It is damaged: {column.Name} begins in the middle of a list"
                : null;
            hasData |= page.Values > 0;
            if (fault is not null)
            {
                return fault;
            }
        }

        return values == column.Values || column.End > _length ? null : Differs(column, values);
    }

    private static string Differs(ColumnPages column, long values) => string.Create(
        CultureInfo.InvariantCulture,
        $"It is damaged: the pages of {column.Name} have {values} values, and the end of the file says {column.Values}");

    /// <summary>One without a checksum is taken for it.</summary>
    private bool IsAsWritten(in Page page)
    {
        if (page.Checksum is not { } checksum)
        {
            return true;
        }

        Crc32 crc = new();
        long end = page.Start + page.Bytes;
        for (long at = page.Start; at < end;)
        {
            Span<byte> part = _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, end - at));
            if (!TryRead(part, at))
            {
                return true; // it ends before: told by who reads it
            }

            crc.Append(part);
            at += part.Length;
        }

        return crc.GetCurrentHashAsUInt32() == checksum;
    }

    /// <returns>Null where it cannot be told.</returns>
    private int? FirstLevelOf(in Page page, ColumnPages column)
    {
        Span<byte> part = _buffer.AsSpan(0, Math.Min(_buffer.Length, page.Bytes));
        if (!TryRead(part, page.Start))
        {
            return null;
        }

        if (page.LevelBytes is { } bytes)
        {
            return RepetitionLevels.FirstOf(part[..Math.Clamp(bytes, 0, part.Length)], column.Depth!.Value);
        }

        Span<byte> begin = stackalloc byte[RepetitionLevels.BytesLooked + sizeof(int)];
        begin = begin[..PageBeginning.Decode(column.Codec, _buffer, part.Length, begin)];
        return page.HasLevelRuns && begin.Length > sizeof(int)
            ? RepetitionLevels.FirstOf(begin[sizeof(int)..], column.Depth!.Value)
            : null;
    }

    private Page? ReadHeader(long at)
    {
        foreach (int bytes in HeaderBytes)
        {
            Span<byte> header = _buffer.AsSpan(0, (int)Math.Min(bytes, _length - at));
            if (!TryRead(header, at))
            {
                return null;
            }

            ThriftReader reader = new(header);
            Page page = ReadHeader(ref reader);
            if (!reader.IsBroken)
            {
                return page.Bytes >= 0 ? page with { Start = at + reader.Position } : null;
            }
        }

        return null;
    }

    private static Page ReadHeader(ref ThriftReader reader)
    {
        const int Type = 1, CompressedBytes = 3, Checksum = 4, OfData = 5, OfDataV2 = 8;
        Page page = new() { Bytes = -1 };
        for (int id = 0; reader.Field(ref id) is not 0 and int type;)
        {
            switch (id)
            {
                case Type:
                    page = page with { Kind = (int)reader.Integer() };
                    break;
                case CompressedBytes:
                    page = page with { Bytes = reader.Integer() is >= 0 and <= int.MaxValue and var bytes ? (int)bytes : -1 };
                    break;
                case Checksum:
                    page = page with { Checksum = (uint)reader.Integer() };
                    break;
                case OfData or OfDataV2 when type == ThriftReader.Struct:
                    page = ReadData(ref reader, page, isV2: id == OfDataV2);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return page.Kind is DataPage or DataPageV2 ? page : page with { Values = 0 };
    }

    private static Page ReadData(ref ThriftReader reader, Page page, bool isV2)
    {
        const int NumValues = 1, LevelEncoding = 4, LevelBytes = 6, Runs = 3;
        for (int id = 0; reader.Field(ref id) is not 0 and int type;)
        {
            switch (id)
            {
                case NumValues:
                    page = page with { Values = Math.Clamp(reader.Integer(), -1, int.MaxValue) };
                    break;
                case LevelEncoding when !isV2:
                    page = page with { HasLevelRuns = reader.Integer() == Runs };
                    break;
                case LevelBytes when isV2:
                    page = page with { LevelBytes = (int)Math.Clamp(reader.Integer(), 0, int.MaxValue) };
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return page;
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

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <param name="Start">Behind its header.</param>
    /// <param name="Values">0 of a page that has none, such as a dictionary.</param>
    /// <param name="LevelBytes">Of a page of version 2, which has its levels in front and as they are, how long the first of them are.</param>
    /// <param name="HasLevelRuns">Of one of version 1, whether they are written as runs.</param>
    private readonly record struct Page(
        long Start, int Bytes, uint? Checksum, int Kind, long Values, int? LevelBytes, bool HasLevelRuns);
}
