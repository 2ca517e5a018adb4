using System.Buffers.Binary;
using PipelineService.Spool.Conversion.Parquet;
using PipelineService.Spool.Decoding;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>
/// A Parquet file of one page of the numbers 1 to 5, written by hand so that what it says of itself may be wrong. Source:
/// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
/// </summary>
internal sealed class ParquetBytes
{
    private const int Values = 5;

    /// <summary>Whether the numbers are in lists.</summary>
    public bool IsRepeated { get; init; }

    public ParquetCodec Codec { get; init; }

    /// <summary>Runs of repetition levels: two lists, of two and three.</summary>
    public byte[] Levels { get; init; } = [3, 0b11010];

    public long Rows { get; init; } = Values;

    /// <summary>What the page says that it has.</summary>
    public int PageValues { get; init; } = Values;

    /// <summary>By how much the column says that it is shorter.</summary>
    public int MissingBytes { get; init; }

    public byte[] Write()
    {
        byte[] plain = Page(), packed = Compress(plain);
        byte[] header = new Thrift()
            .Int(1, 0).Int(2, plain.Length).Int(3, packed.Length)
            .Struct(5, new Thrift().Int(1, PageValues).Int(2, 0).Int(3, 3).Int(4, 3)).Close();
        byte[] root = new Thrift().Text(4, "root").Int(5, 1).Close();
        byte[] leaf = new Thrift().Int(1, 1).Int(3, IsRepeated ? 2 : 0).Text(4, "v").Close();
        long bytes = header.Length + packed.Length - MissingBytes;
        Thrift column = new Thrift()
            .Int(1, 1).List(2, 5, [0]).List(3, 8, [1, (byte)'v']).Int(4, (int)Codec).Long(5, Values).Long(6, header.Length + plain.Length)
            .Long(7, bytes).Long(9, 4);
        byte[] group = new Thrift().List(1, 12, new Thrift().Long(2, 4).Struct(3, column).Close()).Long(2, bytes).Long(3, Rows).Close();
        byte[] footer = new Thrift().Int(1, 1).List(2, 12, root, leaf).Long(3, Rows).List(4, 12, group).Close();
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        return [.. "PAR1"u8, .. header, .. packed, .. footer, .. length, .. "PAR1"u8];
    }

    private byte[] Page()
    {
        List<byte> page = [];
        foreach (byte[] levels in IsRepeated ? (byte[][])[Levels, [Values << 1, 1]] : [])
        {
            page.AddRange([(byte)levels.Length, 0, 0, 0, .. levels]);
        }

        foreach (byte value in Enumerable.Range(1, Values))
        {
            page.AddRange([value, 0, 0, 0]);
        }

        return [.. page];
    }

    /// <summary>What has no library here is written as it may be: without any repeat.</summary>
    private byte[] Compress(byte[] plain) => Codec switch
    {
        ParquetCodec.Snappy => [(byte)plain.Length, (byte)((plain.Length - 1) << 2), .. plain],
        ParquetCodec.Lz4 => [0xF0, (byte)(plain.Length - 15), .. plain],
        ParquetCodec.Gzip => Compressed.Gzip(plain),
        ParquetCodec.Brotli => Compressed.With(ContentCoding.Brotli, plain),
        ParquetCodec.Zstd => Compressed.Zstd(plain),
        _ => plain,
    };

    /// <summary>A struct of Thrift's compact protocol.</summary>
    private sealed class Thrift
    {
        private readonly List<byte> _bytes = [];
        private int _last;

        public Thrift Int(int id, int value) => Field(id, 5).Varint(((long)value << 1) ^ (value >> 31));

        public Thrift Long(int id, long value) => Field(id, 6).Varint((value << 1) ^ (value >> 63));

        public Thrift Text(int id, string text) => Field(id, 8).Varint(text.Length).Raw(System.Text.Encoding.UTF8.GetBytes(text));

        public Thrift Struct(int id, Thrift value) => Field(id, 12).Raw(value.Close());

        public Thrift List(int id, int type, params byte[][] items)
        {
            Field(id, 9)._bytes.Add((byte)((items.Length << 4) | type));
            return Raw([.. items.SelectMany(item => item)]);
        }

        public byte[] Close() => [.. _bytes, 0];

        private Thrift Field(int id, int type)
        {
            _bytes.Add((byte)(((id - _last) << 4) | type));
            _last = id;
            return this;
        }

        private Thrift Varint(long value)
        {
            for (; value > 0x7F; value >>= 7)
            {
                _bytes.Add((byte)(value | 0x80));
            }

            return Raw((byte)value);
        }

        private Thrift Raw(params byte[] bytes)
        {
            _bytes.AddRange(bytes);
            return this;
        }
    }
}
