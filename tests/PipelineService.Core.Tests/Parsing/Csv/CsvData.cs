using CsCheck;

namespace PipelineService.Core.Tests.Parsing.Csv;

/// <summary>Random delimited text, rich in what parsers get wrong.</summary>
internal static class CsvData
{
    private static readonly Gen<byte[]> Bytes =
        Gen.OneOf<byte>([.. "\"\"\",,\r\n\nab"u8, 0xC3, 0xA9, 0x00]).Array[0, 200];

    private static readonly Gen<byte[]> Pieces =
        Gen.OneOf<string>(
            "a", "bcd", "é", ",", ",", ",", "\n", "\r\n", "\r", "\"", "\"\"", "\"e,f\"", ",\"x\"\"y\"", "\"one\ntwo\"",
            ",\"three\r\nfour\",", ",\"\",", "a\",x,\"", new string('z', 70))
        .Array[0, 60].Select(pieces => System.Text.Encoding.UTF8.GetBytes(string.Concat(pieces)));

    /// <summary>Bytes and pieces, with a small limit on records and either treatment of empty lines.</summary>
    public static Gen<(byte[] Bytes, int RecordBytesMax, bool SkipBlankLines)> Any { get; } =
        Gen.Select(Gen.OneOf(Bytes, Pieces), Gen.Int[1, 90], Gen.Bool);

    public static string Show((byte[] Bytes, int RecordBytesMax, bool SkipBlankLines) data) =>
        $"{data.RecordBytesMax} {data.SkipBlankLines} {System.Text.Encoding.Latin1.GetString(data.Bytes)}";
}
