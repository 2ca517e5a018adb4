using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Csv;

/// <summary>
/// In a file with one damaged record every other record is read, once and as it was, and the damaged one is told of with its line: wherever
/// it stands, and whatever is missing in it or too much.
/// </summary>
public sealed class ContainmentTests(ITestOutputHelper output)
{
    /// <summary>Files to look at; a variable asks for more.</summary>
    private const int FilesUsual = 200;

    private const string Variable = "PIPELINE_TEST_CONTAINMENT";

    private const int RecordBytesMax = 100_000;

    private static int Files => int.Parse(Environment.GetEnvironmentVariable(Variable) ?? $"{FilesUsual}", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_damaged_record_costs_itself(bool isCommon)
    {
        SortedDictionary<string, int> kinds = [];
        List<string> faults = [];
        foreach ((int seed, DamagedFile file) in Made().Take(Files))
        {
            kinds[file.Kind] = kinds.GetValueOrDefault(file.Kind) + 1;
            if (FaultOf(file, isCommon) is string fault)
            {
                faults.Add($"seed {seed}, {file.Kind}: {fault}: {Shown(file.Damaged)} in {Shown(Text.UTF8.GetString(file.Bytes))}");
            }
        }

        output.WriteLine(string.Join(", ", kinds.Select(kind => $"{kind.Value} x {kind.Key}")));
        Assert.True(faults.Count == 0, $"{faults.Count} of {Files}: {string.Join("\n", faults.Take(10))}");
    }

    /// <summary>What a chunk is cut behind, and when bytes come, makes no difference: the bytes of each chunk alone say the same.</summary>
    [Fact]
    public void Wherever_it_is_cut_the_same_is_read()
    {
        foreach ((int seed, DamagedFile file) in Made().Take(Files))
        {
            Random random = new(seed);
            RecordShape shape = new(CsvDialect.Default, file.Fields, skipBlankLines: true);
            int recordBytesMax = random.Next(3) == 0 ? random.Next(20, 120) : 1_000;
            List<ReadRecord> whole = CsvReading.ReadFast(file.Bytes, recordBytesMax, shape: shape);
            List<ReadRecord> other = CsvReading.ReadDialect(file.Bytes, recordBytesMax, skipBlankLines: true, CsvDialect.Default, shape);
            List<ReadRecord> arrived = new ArrivingData(
                CsvDialect.Default, file.Bytes, recordBytesMax, skipBlankLines: true, random.Next(1, 60), random.Next(1, 6), shape).ReadAll();

            Assert.True(whole.SequenceEqual(arrived), $"seed {seed}, in pieces: {Shown(Text.UTF8.GetString(file.Bytes))}");
            Assert.True(whole.SequenceEqual(other), $"seed {seed}, by the other reader: {Shown(Text.UTF8.GetString(file.Bytes))}");
        }
    }

    /// <summary>
    /// Every line leaves a quote open, and nothing begins a clean record: each line is held against those behind it. Looked at by each of
    /// them anew, that is some 10^10 steps.
    /// </summary>
    [Theory]
    [InlineData("a\",x,\"\n", true)]
    [InlineData("a\",x,\"\n", false)]
    [InlineData("\"\n\",a\"b\n", true)]
    [InlineData("\"\n\",a\"b\n", false)]
    public void Looks_ahead_a_bounded_way_for_each_line(string line, bool isCommon)
    {
        byte[] data = Text.UTF8.GetBytes(string.Concat(Enumerable.Repeat(line, 20_000)));
        var fields = new RecordValue[3];
        RecordShape shape = new(CsvDialect.Default, fieldCount: 3, skipBlankLines: true);
        CsvTokenizer common = new(data, CsvDialect.Default, 1 << 20, skipBlankLines: true, fields, shape);
        DialectTokenizer other = new(data, shape.Syntax, 1 << 20, skipBlankLines: true, isFinal: true, fields, shape);

        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        int records = 0;
        while (isCommon ? common.Read(out _) : other.Read(out _))
        {
            records++;
        }

        output.WriteLine($"{System.Diagnostics.Stopwatch.GetElapsedTime(started)}");
        Assert.Equal(20_000, records);
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("1,\"a,2\n3,b,4\n", "!1,\"a,2|3;b;4")]
    [InlineData("1,\"a,2\n3,\",b\",4\n5,c,6\n", "!1,\"a,2|3;,b;4|5;c;6")] // looks like one record of four fields
    [InlineData("\"a,2,3\n4,\",b\",5\n", "!\"a,2,3|4;,b;5")] // and here even of three
    [InlineData("1,\"a,2\n3,\"\nb\",4\n", "!1,\"a,2|3;\nb;4")]
    [InlineData("1,\"a\nb\",\"c\n3,\",d\",4\n", "!1,\"a\nb\",\"c|3;,d;4")]
    [InlineData("1,\"a\nb\",2,3\n4,c,5\n", "!1,\"a\nb\",2,3|4;c;5")] // a field too many, in a text of two lines
    [InlineData("1,\"a\n2,b,3\nc\",4\n", "1;a\n2,b,3\nc;4")] // a text that has a record in it
    [InlineData("1,\"a\nb\",5\" disk\n4,c,5\n", "1;a\nb;5\" disk|4;c;5")]
    public void Says_what_is_a_record_and_what_is_not(string data, string expected)
    {
        byte[] bytes = Text.UTF8.GetBytes(data);
        var read = Read(bytes, fieldCount: 3, isCommon: true).Select(record =>
            record.Values is { } values ? string.Join(';', values) : $"!{Text.UTF8.GetString(bytes.AsSpan(record.Record.Start, record.Record.Length))}");

        Assert.Equal(expected, string.Join('|', read));
    }

    private static IEnumerable<(int Seed, DamagedFile File)> Made()
    {
        for (int seed = 0; ; seed++)
        {
            if (DamagedFile.Make(seed) is { } file)
            {
                yield return (seed, file);
            }
        }
    }

    private static string? FaultOf(DamagedFile file, bool isCommon)
    {
        List<string> good = [.. file.Good.Select(record => string.Join('\u0001', record))];
        (int first, int last) = (file.Line, file.Line + file.Damaged.Split(file.LineEnd).Length - 1);
        bool isTold = false;
        foreach ((CsvRecord record, string[]? values) in Read(file.Bytes, file.Fields, isCommon))
        {
            int line = record.FirstLine + 1;
            bool isOfDamaged = line >= first && line <= last;
            bool isWhole = values?.Any(value => value.Contains('\uFFFD', StringComparison.Ordinal)) == false;
            isTold |= !isWhole || IsWholeDamaged(file, record);
            if (!isWhole && !isOfDamaged)
            {
                return $"line {line} is rejected";
            }

            if (isWhole && !good.Remove(string.Join('\u0001', values!)) && !(isOfDamaged && IsOfWholeLines(file, record)))
            {
                return $"made {Shown(string.Join('|', values!))}";
            }
        }

        return good.Count > 0 ? $"lost {Shown(good[0])}" : isTold ? null : "not told";
    }

    /// <summary>By rule 2 a quote in the midst of a field is data, and with an empty line more or less nothing is wrong.</summary>
    private static bool IsWholeDamaged(DamagedFile file, CsvRecord record) =>
        file.Damaged.Trim('\r', '\n') == TextOf(file, record);

    /// <summary>
    /// Where a line end has come into the first or the last field, or a line of a text is a record, nobody can know that it is none.
    /// </summary>
    private static bool IsOfWholeLines(DamagedFile file, CsvRecord record)
    {
        string read = TextOf(file, record);
        return IsWholeDamaged(file, record)
            || (DamagedFile.IsRecord(read, file.Fields, file.LineEnd)
                && $"{file.LineEnd}{file.Damaged}{file.LineEnd}".Contains($"{file.LineEnd}{read}{file.LineEnd}", StringComparison.Ordinal));
    }

    private static string TextOf(DamagedFile file, CsvRecord record) =>
        Text.UTF8.GetString(file.Bytes.AsSpan(record.Start, record.Length));

    private static List<(CsvRecord Record, string[]? Values)> Read(byte[] bytes, int fieldCount, bool isCommon)
    {
        var fields = new RecordValue[fieldCount];
        CsvSyntax syntax = new(CsvDialect.Default);
        RecordShape shape = new(CsvDialect.Default, fieldCount, skipBlankLines: true);
        List<(CsvRecord Record, string[]? Values)> records = [];
        CsvTokenizer common = new(bytes, CsvDialect.Default, RecordBytesMax, skipBlankLines: true, fields, shape);
        DialectTokenizer other = new(bytes, syntax, RecordBytesMax, skipBlankLines: true, isFinal: true, fields, shape);
        while (isCommon ? common.Read(out CsvRecord record) : other.Read(out record))
        {
            string[] values = [.. fields.Select(field => Text.UTF8.GetString(CsvText.Of(bytes, field, syntax, new byte[field.Length])))];
            records.Add((record, record.Fault == RecordErrorCode.None && record.FieldCount == fieldCount ? values : null));
        }

        return records;
    }

    private static string Shown(string text) =>
        text.Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
