using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Expressions.Functions;
using PipelineService.Core.Transforms.Steps;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps.Text;

/// <summary>Dates and times in the forms of the data, and their parts.</summary>
public sealed class CalendarOpsTests
{
    private static readonly ParseDateOp Parse = new() { Fields = ["a"], Formats = ["%d.%m.%Y", "%d %b %Y %H:%M", "%d %b %Y %H:%M %z", "%H.%M"] };

    [Theory]
    [InlineData("6.5.2024", "2024-05-06")]
    [InlineData("06 May 2024 7:08", "2024-05-06T07:08:00")]
    [InlineData("01 Jan 2024 00:30 +0200", "2023-12-31T22:30:00Z")]
    [InlineData("23.59", "23:59:00")]
    [InlineData("NA", Applied.NoValue)]
    [InlineData("30.2.2024", "Format")]
    [InlineData("2024-05-06", "Format")]
    [InlineData("01 Jan 0001 00:30 +0200", "Format")]
    [InlineData("31 Dec 9999 23:30 -0100", "Format")]
    [InlineData("31 Dec 9999 23:30 +0000", "9999-12-31T23:30:00Z")]
    [InlineData("01 Jan 0001 00:00 +0000", "0001-01-01T00:00:00Z")]
    public void Parse_date(string text, string expected) => Assert.Equal(expected, Applied.To(text, Parse));

    [Theory]
    [InlineData(FieldType.Date, "%d.%m.%Y", "6.5.2024", "2024-05-06")]
    [InlineData(FieldType.DateTime, "%d.%m.%Y", "6.5.2024", "2024-05-06T00:00:00")]
    [InlineData(FieldType.Time, "%I:%M %p", "1:02 PM", "13:02:00")]
    public void The_type_of_the_field_says_what_is_written(FieldType type, string format, string text, string expected)
    {
        FieldDefinition field = new() { Name = "a", Type = type, SqlType = new SqlType(SqlTypeName.Text) };

        Assert.Equal(expected, Applied.Typed([field], $"{{\"a\":\"{text}\"}}", Parse with { Formats = [format] }));
    }

    [Fact]
    public void A_number_of_JSON_is_read_by_its_digits() =>
        Assert.Equal("2024-05-06", Applied.Json("20240506", Parse with { Formats = ["%Y%m%d"] }));

    [Fact]
    public void What_fits_no_format_is_taken_away_and_counted_where_that_is_asked_for()
    {
        RowPlan plan = Applied.PlanOf("a", new TrimOp { Fields = ["a"] }, Parse with { OnError = OnError.Null });
        TransformWorkspace workspace = new();
        ChunkTransform transform = new(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty));

        transform.Run("{\"a\":\"1.1.2024\"}\n{\"a\":\"soon\"}\n{\"a\":null}\n{\"a\":\"never\"}\n"u8, new ChunkPosition(1, 1), workspace);

        Assert.Equal([0, 2], workspace.Ops.ToArray());
        Assert.Equal([true, false, false, false], Enumerable.Range(0, 4).Select(row => workspace.Rows.TryGetField(row, 0, out _)));
    }

    [Theory]
    [InlineData(DatePart.Year, "2024")]
    [InlineData(DatePart.Quarter, "4")]
    [InlineData(DatePart.Month, "12")]
    [InlineData(DatePart.Week, "1")]
    [InlineData(DatePart.WeekYear, "2025")]
    [InlineData(DatePart.Day, "30")]
    [InlineData(DatePart.DayOfWeek, "1")]
    [InlineData(DatePart.DayOfYear, "365")]
    [InlineData(DatePart.Hour, "23")]
    [InlineData(DatePart.Minute, "30")]
    [InlineData(DatePart.Second, "59")]
    public void Date_part(DatePart part, string expected) =>
        Assert.Equal(expected, PartOf(new() { Name = "a", Type = FieldType.DateTime }, "2024-12-31T01:30:59.9+02:00", part));

    [Theory]
    [InlineData(FieldType.Date, "default", "2024-12-30", DatePart.WeekYear, "2025")]
    [InlineData(FieldType.Date, "%d.%m.%Y", "30.12.2024", DatePart.Month, "12")]
    [InlineData(FieldType.Date, "any", "30 Dec 2024", DatePart.Day, "30")]
    [InlineData(FieldType.Time, "default", "13:14:15", DatePart.Hour, "13")]
    [InlineData(FieldType.Time, "%H.%M", "13.14", DatePart.Minute, "14")]
    [InlineData(FieldType.DateTime, "%d.%m.%Y %H:%M %z", "01.01.2024 00:30 +0200", DatePart.Year, "2023")]
    [InlineData(FieldType.DateTime, "default", "1999-12-31 00:00:00", DatePart.DayOfWeek, "5")]
    [InlineData(FieldType.DateTime, "default", "0001-01-01T00:00:00+01:00", DatePart.Year, "OutOfRange")]
    [InlineData(FieldType.Date, "default", "soon", DatePart.Year, "TypeMismatch")]
    [InlineData(FieldType.Date, "default", "", DatePart.Year, Applied.NoValue)]
    [InlineData(FieldType.Date, "default", "NA", DatePart.Year, Applied.NoValue)]
    public void Date_part_of_a_text_in_the_form_of_its_field(FieldType type, string format, string text, DatePart part, string expected) =>
        Assert.Equal(expected, PartOf(new() { Name = "a", Type = type, Format = format }, text, part));

    /// <summary>A later op may take away what the part is of.</summary>
    [Fact]
    public void A_part_stays_when_the_value_goes() => Assert.Equal(
        "~|1987",
        Applied.Typed(
            [new() { Name = "a", Type = FieldType.Date }],
            """{"a":"1987-06-05"}""",
            new DatePartOp { Fields = ["a"], Part = DatePart.Year, Sets = [new("p")] },
            new RedactOp { Fields = ["a"] }));

    [Theory]
    [InlineData(DatePart.Year, "year")]
    [InlineData(DatePart.Week, "week")]
    [InlineData(DatePart.DayOfWeek, "isodow")]
    [InlineData(DatePart.DayOfYear, "doy")]
    [InlineData(DatePart.WeekYear, "isoyear")]
    [InlineData(DatePart.Hour, "hour")]
    public void Parts_are_those_that_expressions_extract(DatePart part, string name)
    {
        Assert.True(CalendarUnit.TryFind(name, isPart: true, isOfDate: false, out CalendarUnit? unit));
        for (DateTime time = new(1999, 12, 20, 5, 0, 0); time.Year < 2012; time = time.AddHours(97))
        {
            CalendarFunctions.Extract(unit, new Core.Values.Instant(CalendarFunctions.OfDateTime(time)), out decimal extracted);

            Assert.Equal($"{extracted}", PartOf(new() { Name = "a", Type = FieldType.DateTime }, $"{time:s}", part));
        }
    }

    [Fact]
    public void They_allocate_nothing_for_a_record()
    {
        DatasetDefinition definition = new()
        {
            Schema = new TableSchema { Fields = [new() { Name = "a", Type = FieldType.Date }, new() { Name = "b" }] },
            Load = new LoadPolicy { Table = new TableName("public", "t"), Lineage = false },
            Transforms =
            [
                Parse with { Formats = ["%d/%m/%Y", "%d.%m.%Y"] },
                Parse with { Fields = ["b"], OnError = OnError.Null },
                new DatePartOp { Fields = ["a"], Part = DatePart.Week, Sets = [new("w")] },
            ],
        };
        RowPlan plan = new(definition, RowSteps.Of(definition, _ => null));
        ChunkTransform transform = new(plan, new NdjsonRecordReader(definition.Schema), new JobFacts(Guid.Empty));
        byte[] data = [.. Enumerable.Repeat("{\"a\":\"6.5.2024\",\"b\":\"01 Jan 2024 00:30 +0200\"}\n{\"a\":\"6.5.2024\",\"b\":\"-\"}\n"u8.ToArray(), 5_000).SelectMany(b => b)];
        TransformWorkspace workspace = new();
        transform.Run(data, new ChunkPosition(1, 1), workspace);

        Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
        Assert.Equal(10_000, workspace.Rows.Count);
    }

    private static string PartOf(FieldDefinition field, string text, DatePart part)
    {
        string result = Applied.Typed(
            [field], $"{{\"a\":\"{text}\"}}", new DatePartOp { Fields = ["a"], Part = part, Sets = [new("p")] });
        return result.Split('|')[^1];
    }
}
