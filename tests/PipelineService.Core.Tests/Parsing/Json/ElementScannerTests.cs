using System.Text.Json;
using CsCheck;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Tests.Encoding.Json;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Json;

public sealed class ElementScannerTests
{
    private static readonly ElementScanner Scanner = new(recordBytesMax: 1 << 20, path: []);

    private static readonly Gen<string> Blank = Gen.OneOf<string>("", "", " ", "\r\n\t", "\n  ");

    /// <summary>An array as text, however it is spaced.</summary>
    private static readonly Gen<string> Array =
        Gen.Select(Blank, Blank, Gen.Select(Blank, JsonData.Value, Blank).Array[0, 8]).Select(
            (before, behind, elements) =>
                $"[{before}{string.Join(',', elements.Select(e => e.Item1 + e.Item2 + e.Item3))}{behind}]");

    /// <summary>Each element is found as it stands in the array, in chunks of any size, with bytes that come one by one.</summary>
    [Fact]
    public void Finds_the_elements_that_a_JSON_reader_finds() =>
        Gen.Select(Array, Gen.Int[1, 4], Gen.Int[1, 40]).Sample(
            (text, recordsMax, step) =>
            {
                using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 500 });
                byte[] bytes = Text.UTF8.GetBytes(text);
                List<string> found = [];
                int offset = 0;
                int window = 0;
                while (bytes[offset] != ']' || offset == 0)
                {
                    window = Math.Min(Math.Max(window, offset) + step, bytes.Length);
                    ScanResult scan = Scanner.Scan(bytes.AsSpan(offset, window - offset), isFinal: window == bytes.Length, recordsMax);
                    Assert.Null(scan.Fault);
                    found.AddRange(Elements(bytes.AsSpan(offset, scan.Length), scan));
                    offset += scan.Length;
                }

                Assert.Equal(document.RootElement.EnumerateArray().Select(element => element.GetRawText()), found);
                Assert.True(Scanner.Scan(bytes.AsSpan(offset), isFinal: true, recordsMax).IsAtTail);
            },
            iter: 5_000);

    [Theory]
    [InlineData("[{},]", FramingFaultKind.MissingRecord, 4)]
    [InlineData("[,{}]", FramingFaultKind.MissingRecord, 1)]
    [InlineData("[{},,{}]", FramingFaultKind.MissingRecord, 4)]
    [InlineData("[{}:1]", FramingFaultKind.MissingComma, 3)]
    [InlineData("[{} {}]", FramingFaultKind.MissingComma, 4)]
    [InlineData("[{}\n{}]", FramingFaultKind.MissingComma, 4)]
    [InlineData("[{}}", FramingFaultKind.MissingComma, 3)]
    [InlineData("[\"a\"\"b\"]", FramingFaultKind.MissingComma, 4)]
    [InlineData("[1 2]", FramingFaultKind.MissingComma, 3)]
    [InlineData("[{},{\"a\":[1}]", FramingFaultKind.BrokenBracket, 11)]
    [InlineData("[{},{\"a\":1", FramingFaultKind.Truncated, 10)]
    [InlineData("[{}", FramingFaultKind.Truncated, 3)]
    [InlineData("[1", FramingFaultKind.Truncated, 2)]
    [InlineData("[", FramingFaultKind.Truncated, 1)]
    [InlineData("[{}, ", FramingFaultKind.Truncated, 5)]
    [InlineData("{} x", FramingFaultKind.MalformedTail, 3)]
    [InlineData("{\"a\"", FramingFaultKind.Truncated, 4)]
    public void Tells_where_records_cannot_be_told_apart(string text, FramingFaultKind kind, int position)
    {
        byte[] bytes = Text.UTF8.GetBytes(text);
        int offset = 0;
        ScanResult scan = Scanner.Scan(bytes, isFinal: true, recordsMax: 10);
        if (scan.Length > 0)
        {
            offset = scan.Length;
            scan = Scanner.Scan(bytes.AsSpan(offset), isFinal: true, recordsMax: 10);
        }

        Assert.Equal((0, new FramingFault(kind, position - offset)), (scan.Length, scan.Fault));
    }

    /// <summary>No document is whole that is cut, wherever that is; and no fault is told of bytes that may still go on.</summary>
    [Fact]
    public void Cut_anywhere_it_is_truncated()
    {
        byte[] bytes = "[ {\"a\": \"]}\\\"\"} ,\n[1, 2], \"x\", 12.5, true ]"u8.ToArray();
        for (int length = 1; length < bytes.Length; length++)
        {
            int offset = Scanner.Scan(bytes.AsSpan(0, length), isFinal: true, recordsMax: 100).Length;
            Assert.Equal(
                FramingFaultKind.Truncated, Scanner.Scan(bytes.AsSpan(offset, length - offset), isFinal: true, recordsMax: 1).Fault?.Kind);
            Assert.Null(Scanner.Scan(bytes.AsSpan(offset, length - offset), isFinal: false, recordsMax: 1).Fault);
        }
    }

    [Theory]
    [InlineData("tru")]
    [InlineData("{\"a\" 1}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{'a':1}")]
    [InlineData("\"\t\\x\"")]
    [InlineData("{\"a\":\"two\nlines\"}")]
    [InlineData("NaN")]
    public void A_malformed_element_costs_no_other(string element) =>
        Assert.Equal(["{}", element, "[]"], AllIn($"[{{}},{element},[]]"));

    /// <summary>Passed over in pieces of any size, a record that is too long ends where it would have ended.</summary>
    [Fact]
    public void A_record_that_is_too_long_is_passed_over_up_to_the_next() =>
        Gen.Select(Array, Gen.Int[1, 20]).Sample(
            (text, piece) =>
            {
                byte[] bytes = Text.UTF8.GetBytes(text);
                ScanResult first = Scanner.Scan(bytes, isFinal: true, recordsMax: 1);
                if (first.Records == 0)
                {
                    return;
                }

                ElementSkip skip = new();
                int offset = 0;
                bool isOver = false;
                while (!isOver)
                {
                    int length = Math.Min(piece, bytes.Length - offset);
                    offset += skip.Pass(bytes.AsSpan(offset, length), isFinal: offset + length == bytes.Length, out isOver, out FramingFault? fault);
                    Assert.Null(fault);
                }

                Assert.Equal(first.Length, offset);
            },
            iter: 5_000);

    [Fact]
    public void A_record_is_as_long_as_all_up_to_what_parts_it_from_the_next()
    {
        ElementScanner small = new(recordBytesMax: 10, path: []);

        Assert.False(small.Scan("[{\"a\":1}  ]"u8, isFinal: true, recordsMax: 5).RecordTooLong);
        Assert.True(small.Scan("[{\"a\":1}   ]"u8, isFinal: true, recordsMax: 5).RecordTooLong);
        Assert.True(small.Scan("[{\"a\":1234567"u8, isFinal: false, recordsMax: 5).RecordTooLong);
    }

    private static List<string> AllIn(string text)
    {
        byte[] bytes = Text.UTF8.GetBytes(text);
        ScanResult scan = Scanner.Scan(bytes, isFinal: true, recordsMax: 100);
        return Elements(bytes.AsSpan(0, scan.Length), scan);
    }

    /// <summary>The elements that the reader finds where the scanner has found as many, on as many lines.</summary>
    private static List<string> Elements(ReadOnlySpan<byte> chunk, ScanResult scan)
    {
        List<string> elements = [];
        ElementPlaces places = new(chunk);
        while (places.Read(out RecordPlace place))
        {
            elements.Add(Text.UTF8.GetString(chunk.Slice(place.Start, place.Length)));
            Assert.Equal(chunk[..place.Start].Count((byte)'\n'), place.Line);
        }

        Assert.Equal((elements.Count, chunk.Count((byte)'\n')), (scan.Records, scan.Lines));
        return elements;
    }
}
