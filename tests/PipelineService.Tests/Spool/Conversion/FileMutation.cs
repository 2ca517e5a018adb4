using System.Buffers.Binary;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>Files that were whole, with a few bytes that are not theirs: those that are the most likely to be believed.</summary>
/// <param name="seed">Chooses files and what becomes of them.</param>
internal sealed class FileMutation(int seed)
{
    private const int TailBytes = 2_000;

    private static readonly long[] Hard =
        [0, 1, -1, 2, 7, 8, 255, 256, 65_535, 65_536, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, 1 << 20, 1L << 40];

    private readonly Random _random = new(seed);

    /// <summary>Small files of each kind of a format.</summary>
    public static async Task<byte[][]> OriginalsAsync(string format, CancellationToken cancellationToken) => format switch
    {
        "parquet" =>
        [
            ParquetSample.Of(Rows(300)), ParquetSample.Of(Rows(300), ", CODEC zstd"), ParquetSample.Of(Rows(3_000), ", CODEC gzip, ROW_GROUP_SIZE 2048"),
            ParquetSample.Of(Rows(20), ", CODEC uncompressed"), ParquetSample.Of(Rows(50), ", PARQUET_VERSION V2"),
            ParquetSample.Of("SELECT i AS id, TIMESTAMP '2026-03-01' AS at, {'a': [i, NULL], 'b': MAP {'k': 1.5}}::JSON::VARCHAR AS note FROM range(20) t(i)"),
        ],
        "arrow" =>
        [
            Arrow(ArrowSample.Stream, null, 300), Arrow(ArrowSample.File, null, 300), Arrow(ArrowSample.Stream, CompressionCodecType.Lz4Frame, 300),
            Arrow(ArrowSample.File, CompressionCodecType.Zstd, 300), Arrow(ArrowSample.File, null, 8), Arrow(ArrowSample.Stream, null, 8),
        ],
        _ => [await WorkbookSample.OfAsync(200, cancellationToken), await WorkbookSample.OfAsync(3, cancellationToken)],
    };

    public byte[] Next(byte[][] originals)
    {
        byte[] original = originals[_random.Next(originals.Length)];
        bool isWorkbook = original.AsSpan().StartsWith("PK"u8);
        return isWorkbook && _random.Next(2) == 0
            ? WorkbookSample.WithPart(original, _random.Next(100), Change)
            : Change(original);
    }

    private byte[] Change(byte[] file)
    {
        byte[] changed = [.. file];
        for (int changes = 1 << _random.Next(4); changes > 0 && changed.Length > 8; changes--)
        {
            int at = At(changed);
            switch (_random.Next(8))
            {
                case 0 or 1:
                    changed[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 2:
                    changed[at] = (byte)_random.Next(256);
                    break;
                case 3:
                    BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(Math.Min(at, changed.Length - 4)), (int)Hard[_random.Next(Hard.Length)]);
                    break;
                case 4:
                    BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan(Math.Min(at, changed.Length - 8)), Hard[_random.Next(Hard.Length)]);
                    break;
                case 5:
                    changed.AsSpan(at, Math.Min(changed.Length - at, _random.Next(1, 64))).CopyTo(changed.AsSpan(_random.Next(at + 1)));
                    break;
                case 6 when _random.Next(4) == 0:
                    changed = changed[..at];
                    break;
                case 7 when _random.Next(4) == 0:
                    changed = [.. changed[..at], .. changed.AsSpan(_random.Next(at + 1))];
                    break;
                default:
                    changed[at]++;
                    break;
            }
        }

        return changed;
    }

    /// <summary>Half of the places are where what is said of the data is: in front and at the end.</summary>
    private int At(byte[] file) => _random.Next(4) switch
    {
        0 => _random.Next(Math.Min(TailBytes, file.Length)),
        1 => file.Length - 1 - _random.Next(Math.Min(TailBytes, file.Length)),
        _ => _random.Next(file.Length),
    };

    private static string Rows(int count) =>
        $"SELECT i AS id, TIMESTAMP '2026-03-01' + to_minutes(i) AS at, CASE WHEN i % 3 = 0 THEN NULL ELSE 'note ' || (i % 7) END AS note FROM range({count}) t(i)";

    private static byte[] Arrow(string contentType, CompressionCodecType? codec, int rows)
    {
        ArrayData words = ArrowSample.OfTexts(StringType.Default, "a", "b", "c");
        long[] numbers = [.. Enumerable.Range(1, rows).Select(i => (long)i)];
        (string, ArrayData)[] Batch() =>
        [
            ("id", ArrowSample.Of(Int64Type.Default, numbers)),
            ("at", ArrowSample.Of(new TimestampType(TimeUnit.Millisecond, "UTC"), numbers)),
            ("note", new ArrayData(new DictionaryType(Int8Type.Default, StringType.Default, ordered: false), rows, 0, 0,
                [ArrowBuffer.Empty, ArrowSample.Numbers<sbyte>([.. numbers.Select(i => (sbyte)(i % 3))])], null, words)),
            ("more", ArrowSample.Nested(new StructType([new Field("l", new ListType(Int64Type.Default), true), new Field("t", StringType.Default, true)]), rows, [],
                ArrowSample.Nested(new ListType(Int64Type.Default), rows, [.. Enumerable.Range(0, rows + 1)], ArrowSample.Of(Int64Type.Default, numbers)),
                ArrowSample.OfTexts(StringType.Default, [.. numbers.Select(i => $"text {i}")]))),
        ];
        return ArrowSample.Write(contentType, codec, Batch(), Batch());
    }
}
