using PipelineService.Core.Parsing.Packed;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>Packed records, written value by value.</summary>
internal static class PackedRecord
{
    /// <summary>Records one behind the other, each with its length.</summary>
    public static byte[] Chunk(params byte[][] records) =>
        [.. records.SelectMany(record => (byte[])[.. BitConverter.GetBytes(record.Length), .. record])];

    /// <summary>A record of values.</summary>
    public static byte[] Of(params byte[][] values) => [.. values.SelectMany(value => value)];

    public static byte[] Null() => [(byte)PackedTag.Null];

    public static byte[] String(string text) => Counted(PackedTag.Text, Text.UTF8.GetBytes(text));

    public static byte[] Json(string json) => Counted(PackedTag.Json, Text.UTF8.GetBytes(json));

    public static byte[] Counted(PackedTag tag, byte[] bytes) => [(byte)tag, .. BitConverter.GetBytes(bytes.Length), .. bytes];

    public static byte[] Boolean(bool value) => [(byte)(value ? PackedTag.True : PackedTag.False)];

    public static byte[] Integer(long value) => Word(PackedTag.Integer, value);

    public static byte[] Decimal(long digits, byte scale) => [(byte)PackedTag.Decimal, .. BitConverter.GetBytes(digits), scale];

    public static byte[] Float(double value) => Word(PackedTag.Float, BitConverter.DoubleToInt64Bits(value));

    public static byte[] Single(float value) => [(byte)PackedTag.Single, .. BitConverter.GetBytes(value)];

    public static byte[] Date(int days) => [(byte)PackedTag.Date, .. BitConverter.GetBytes(days)];

    public static byte[] Time(PackedTag tag, long microseconds) => Word(tag, microseconds);

    private static byte[] Word(PackedTag tag, long word) => [(byte)tag, .. BitConverter.GetBytes(word)];
}
