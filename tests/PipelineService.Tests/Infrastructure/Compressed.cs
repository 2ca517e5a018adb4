using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using PipelineService.Spool.Decoding;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Compresses, as senders do.</summary>
internal static class Compressed
{
    public static readonly ImmutableArray<ContentCoding> Codings = [.. Enum.GetValues<ContentCoding>()];

    public static byte[] With(ContentCoding coding, byte[] data) => coding switch
    {
        ContentCoding.Gzip => Gzip(data),
        ContentCoding.Deflate when data.Length == 0 => Convert.FromHexString("789C030000000001"),
        ContentCoding.Brotli when data.Length == 0 => [0x3B],
        ContentCoding.Deflate => Through(data, to => new ZLibStream(to, CompressionLevel.Optimal, leaveOpen: true)),
        ContentCoding.Brotli => Through(data, to => new BrotliStream(to, CompressionLevel.Optimal, leaveOpen: true)),
        _ => Zstd(data),
    };

    /// <summary>The codings in the order in which they are applied.</summary>
    public static byte[] With(IEnumerable<ContentCoding> codings, byte[] data) =>
        codings.Aggregate(data, (inner, coding) => With(coding, inner));

    public static byte[] With(ContentCoding coding, string text) => With(coding, Encoding.UTF8.GetBytes(text));

    /// <summary>The framework's stream writes nothing of nothing.</summary>
    public static byte[] Gzip(byte[] data) => data.Length == 0
        ? Convert.FromHexString("1F8B080000000000000303000000000000000000")
        : Through(data, to => new GZipStream(to, CompressionLevel.Optimal, leaveOpen: true));

    public static byte[] Gzip(string text) => Gzip(Encoding.UTF8.GetBytes(text));

    public static byte[] Raw(byte[] data) =>
        Through(data, to => new DeflateStream(to, CompressionLevel.Optimal, leaveOpen: true));

    /// <summary>With a checksum, as <c>zstd</c> writes it.</summary>
    public static byte[] Zstd(byte[] data, int windowLog = 0)
    {
        using Compressor compressor = new();
        compressor.SetParameter(ZSTD_cParameter.ZSTD_c_checksumFlag, 1);
        if (windowLog > 0)
        {
            compressor.SetParameter(ZSTD_cParameter.ZSTD_c_windowLog, windowLog);
            compressor.SetParameter(ZSTD_cParameter.ZSTD_c_contentSizeFlag, 0);
        }

        return compressor.Wrap(data).ToArray();
    }

    /// <summary>A frame of Zstandard that holds something for somebody else.</summary>
    public static byte[] Skippable(int number, byte[] content)
    {
        byte[] frame = [.. new byte[8], .. content];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, 0x184D_2A50 + (uint)number);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), content.Length);
        return frame;
    }

    /// <summary>A member with everything in its header that there may be.</summary>
    public static byte[] GzipWithFields(byte[] data, byte[] extra, string name, string comment)
    {
        byte[] plain = Gzip(data);
        byte[] header =
        [
            0x1F, 0x8B, 8, 1 | 2 | 4 | 8 | 16, 1, 2, 3, 4, 0, 3,
            (byte)extra.Length, (byte)(extra.Length >> 8), .. extra,
            .. Encoding.Latin1.GetBytes(name), 0, .. Encoding.Latin1.GetBytes(comment), 0,
        ];
        byte[] crc = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(crc, (ushort)Crc32.HashToUInt32(header));
        return [.. header, .. crc, .. plain.AsSpan(10)];
    }

    private static byte[] Through(byte[] data, Func<Stream, Stream> compressing)
    {
        using MemoryStream compressed = new();
        using (Stream stream = compressing(compressed))
        {
            stream.Write(data);
        }

        return compressed.ToArray();
    }
}
