using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rejects;
using PipelineService.Core.Tests.Parsing.Csv;
using PipelineService.Core.Tests.Transforms;
using PipelineService.Core.Transforms;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Rejects;

/// <summary>Rejected records of delimited text come back as cells, and what is sent back is what was sent.</summary>
public sealed class CsvRejectCellsTests
{
    private const int RecordBytesMax = 10_000;

    private static readonly string[] Names = ["a", "=b", "'+c", "_record", "x,\"y\""];

    private static readonly Gen<CsvDialect> Dialects = Gen.Select(
        Gen.OneOf<char>(',', ';', '\t', '|', '\'', '_', '='), Gen.OneOf<char>('"', '\'', '~'))
        .Where((delimiter, quote) => delimiter != quote)
        .Select((delimiter, quote) => new CsvDialect { Delimiter = $"{delimiter}", QuoteChar = $"{quote}" });

    /// <summary>Records with commas and double quotes for whatever the dialect has, many of them well-formed.</summary>
    private static readonly Gen<byte[]> Data = Gen.OneOf(
        Gen.OneOf<string>(
            "1", "é", "=1+1", "'=x", "''-", "+49 30", "-5", "@ada", "\"a,\"\"b\"\"\"", "\"two\nlines\"", "\"\"",
            ",", ",", ",", "\n", "\r\n")
            .Array[0, 30].Select(pieces => Text.UTF8.GetBytes(string.Concat(pieces))),
        Gen.OneOf<byte>([.. "\"\",,,\r\n\n'=+-@\tab"u8, 0xC3, 0xA9, 0x00]).Array[0, 60]);

    [Fact]
    public void What_is_sent_back_is_what_was_sent() =>
        Gen.Select(Dialects, Gen.Int[1, Names.Length], Gen.Bool, Data).Sample(
            (dialect, columns, emptyIsMissing, data) =>
            {
                RowPlan plan = PlanOf(Names[..columns], emptyIsMissing);
                TableSchema schema = plan.Definition.Schema;
                byte[] sent = [.. data.Select(b => b == (byte)',' ? (byte)dialect.Delimiter[0] : b == (byte)'"' ? (byte)dialect.QuoteChar[0] : b)];
                var binding = HeaderBinding.ByName([.. Names[..columns]], schema, out _)!;
                ChunkTransform transform = new(plan, new CsvRecordReader(binding, dialect, RecordBytesMax), new JobFacts(Guid.Empty));
                var first = LoadedRecords.Of(transform, sent);

                var file = RejectFile.Write(plan, dialect, new CsvRejectCells([.. Names[..columns]], schema, dialect), first.Raws);

                Assert.Equal(first.Outcomes.Select(o => IsMalformed(o) ? RejectFile.Unmended : o), file.Load(out _).Outcomes);
                Assert.Equal(file.Text, file.Again().Text);
            },
            iter: 1_000);

    /// <summary>In every dialect: what has no way to write every value is given quotes.</summary>
    [Fact]
    public void What_is_sent_back_is_what_was_sent_in_any_dialect() =>
        Gen.Select(DialectData.Any, Gen.Int[1, Names.Length], Gen.Bool, Gen.Enum<RaggedRows>()).Sample(
            (data, columns, emptyIsMissing, ragged) =>
            {
                RowPlan plan = PlanOf(Names[..columns], emptyIsMissing);
                TableSchema schema = plan.Definition.Schema;
                CsvDialect dialect = data.Dialect with { RaggedRows = ragged };
                var binding = HeaderBinding.ByName([.. Names[..columns]], schema, out _)!;
                ChunkTransform transform = new(plan, new CsvRecordReader(binding, dialect, RecordBytesMax), new JobFacts(Guid.Empty));
                var first = LoadedRecords.Of(transform, data.Bytes);

                CsvRejectCells cells = new([.. Names[..columns]], schema, dialect);
                var file = RejectFile.Write(plan, dialect, cells, first.Raws);

                LoadedRecords second = file.Load(out _);
                Assert.Equal(first.Raws.Length, second.Outcomes.Length);
                foreach ((string sent, string back) in first.Outcomes.Zip(second.Outcomes))
                {
                    // What is ragged and taken all the same may have no cells that say so.
                    Assert.True(back == (IsMalformed(sent) ? RejectFile.Unmended : sent) || (ragged != 0 && back == RejectFile.Unmended), back);
                }

                Assert.Equal(file.Text, file.Again().Text);
            },
            iter: 2_000,
            print: t => $"{t.Item2} {t.Item3} {t.Item4} {DialectData.Show(t.Item1)}");

    [Theory]
    [InlineData("1,\"say \"\"hi\"\"\",=x", "1,\"say \"\"hi\"\"\",'=x,", "")]
    [InlineData(",,", ",,,", "")]
    [InlineData("1,x", "1,x,,", "1,x")]
    [InlineData("1,x,y,z", "1,x,y,", "1,x,y,z")]
    [InlineData("1,\"x", ",,,", "1,\"x")]
    public void Shows_the_record_beside_cells_that_do_not_say_all_of_it(string raw, string cells, string rest) =>
        Assert.Equal((cells, rest), Write(raw, isCut: false));

    [Theory]
    [InlineData("1,x,part", "1,x,,", "1,x,part")]
    [InlineData("1,x,\"part", ",,,", "1,x,\"part")]
    [InlineData("1", ",,,", "1")]
    public void A_value_that_may_be_cut_gets_no_cell(string raw, string cells, string rest) =>
        Assert.Equal((cells, rest), Write(raw, isCut: true));

    [Fact]
    public void Bytes_that_are_no_UTF_8_stay_as_they_are()
    {
        CsvLine line = new(CsvDialect.Default);

        Assert.True(Cells().Write([0xC3, (byte)',', 0xFF, (byte)','], isCut: false, line).IsEmpty);

        Assert.Equal([0xC3, (byte)',', 0xFF, (byte)','], line.Bytes.ToArray());
    }

    [Fact]
    public void An_empty_line_is_the_record_of_a_single_field()
    {
        CsvLine line = new(CsvDialect.Default);
        CsvRejectCells cells = new(["a"], PlanOf(["a"], emptyIsMissing: true).Definition.Schema, CsvDialect.Default);

        Assert.True(cells.Write([], isCut: false, line).IsEmpty);
    }

    /// <summary>Where the dialect takes ragged records, one that was rejected for something else is all there in its cells.</summary>
    [Theory]
    [InlineData(RaggedRows.Pad, "NA", "1,x", "1,x,NA,", "")]
    [InlineData(RaggedRows.Pad, "", "1,x", "1,x,,", "")]
    [InlineData(RaggedRows.Pad, null, "1,x", "1,x,,", "1,x")]
    [InlineData(RaggedRows.Pad, "", "1,x,y,z", "1,x,y,", "1,x,y,z")]
    [InlineData(RaggedRows.Trim, "", "1,x,y,z", "1,x,y,", "")]
    [InlineData(RaggedRows.Trim, "", "1,x", "1,x,,", "1,x")]
    [InlineData(RaggedRows.PadAndTrim, "", "1,\"x", ",,,", "1,\"x")]
    public void Ragged_records_are_whole_where_they_are_taken(
        RaggedRows ragged, string? missing, string raw, string cells, string rest)
    {
        TableSchema schema = PlanOf(["a", "b", "c"], emptyIsMissing: true).Definition.Schema with
        {
            MissingValues = missing is null ? [] : [missing],
        };

        Assert.Equal(
            (cells, rest),
            Write(new CsvRejectCells(["a", "b", "c"], schema, CsvDialect.Default with { RaggedRows = ragged }), raw, isCut: false));
        Assert.Equal(
            raw,
            Write(new CsvRejectCells(["a", "b", "c"], schema, CsvDialect.Default with { RaggedRows = ragged }), raw, isCut: true).Beside);
    }

    /// <summary>A cell for a field that is left out says "no value" in the field's own words.</summary>
    [Fact]
    public void A_field_with_missing_values_of_its_own_is_left_out_as_one_of_them()
    {
        TableSchema schema = new()
        {
            Fields = [new() { Name = "a" }, new() { Name = "b" }, new() { Name = "c", MissingValues = [new("-99", "refused"), "-"] }],
            MissingValues = ["NA"],
        };

        Assert.Equal(
            ("1,NA,-99,", ""),
            Write(new CsvRejectCells(["a", "b", "c"], schema, CsvDialect.Default with { RaggedRows = RaggedRows.Pad }), "1", isCut: false));
        Assert.Equal(
            ("1,2,,", "1,2"),
            Write(
                new CsvRejectCells(
                    ["a", "b", "c"],
                    schema with { Fields = schema.Fields.SetItem(2, new() { Name = "c", MissingValues = [] }) },
                    CsvDialect.Default with { RaggedRows = RaggedRows.Pad }),
                "1,2",
                isCut: false));
    }

    private static (string Cells, string Beside) Write(string raw, bool isCut) => Write(Cells(), raw, isCut);

    private static (string Cells, string Beside) Write(CsvRejectCells all, string raw, bool isCut)
    {
        CsvLine line = new(CsvDialect.Default);
        string rest = Text.UTF8.GetString(all.Write(Text.UTF8.GetBytes(raw), isCut, line));
        line.Append([]);
        return (Text.UTF8.GetString(line.Bytes.Span), rest);
    }

    private static CsvRejectCells Cells() =>
        new(["a", "b", "c"], PlanOf(["a", "b", "c"], emptyIsMissing: true).Definition.Schema, CsvDialect.Default);

    private static bool IsMalformed(string outcome) =>
        outcome is "-1:TooFewFields" or "-1:TooManyFields" or "-1:UnterminatedQuote";

    private static RowPlan PlanOf(string[] names, bool emptyIsMissing)
    {
        RowPlan plan = Transforming.PlanOf(
            match: null, lineage: false, [.. names.Select(name => new FieldDefinition { Name = name, Type = FieldType.String })]);
        return emptyIsMissing
            ? plan
            : new(plan.Definition with { Schema = plan.Definition.Schema with { MissingValues = [] } });
    }
}
