using System.IO.Compression;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using SpreadCheetah;
using SpreadCheetah.Styling;
using SpreadCheetah.Worksheets;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>Workbooks of spreadsheets, from the upload to the row and the dead letter.</summary>
public sealed class WorkbookLoadTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    private const string Header =
        """<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>value</t></is></c></row>""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Each cell with a field that takes it, in the style by its number: 0 general, 1 date, 2 date and time, 3 time, 4 [h]:mm:ss.</summary>
    [Fact]
    public async Task Cells_are_loaded_as_they_are_typed()
    {
        (string Field, string Cell, string Row)[] cells =
        [
            ("'type': 'number'", "<c><v>1.1000000000000001</v></c>", "1.1"),
            ("'type': 'integer'", "<c><v>9007199254740992</v></c>", "9007199254740992"),
            ("'type': 'string'", "<c><v>12345</v></c>", "12345"),
            ("'type': 'string'", "<c t=\"str\"><f>A1</f><v>a_x000D_b</v></c>", "a\rb"),
            ("'type': 'string'", "<c t=\"inlineStr\"><is><r><t>ri</t></r><r><rPr/><t xml:space=\"preserve\">ch </t></r><rPh><t>no</t></rPh></is></c>", "rich "),
            ("'type': 'boolean'", "<c t=\"b\"><v>1</v></c>", "true"),
            ("'type': 'date'", "<c s=\"1\"><v>46082</v></c>", "2026-03-01"),
            ("'type': 'date'", "<c s=\"1\"><v>59</v></c>", "1900-02-28"),
            ("'type': 'date'", "<c s=\"1\"><v>61</v></c>", "1900-03-01"),
            ("'type': 'datetime'", "<c s=\"1\"><v>46082</v></c>", "2026-03-01 00:00:00+00"),
            ("'type': 'datetime'", "<c s=\"2\"><v>46082.25000001157</v></c>", "2026-03-01 06:00:00.001+00"),
            ("'type': 'time'", "<c s=\"3\"><v>0.25</v></c>", "06:00:00"),
            ("'type': 'duration'", "<c s=\"4\"><v>1.25</v></c>", "30:00:00"),
            ("'type': 'string'", "<c t=\"e\"><v>#N/A</v></c>", "#N/A"),
            ("'type': 'number'", "<c/>", "~"),
        ];
        string fields = string.Join(", ", cells.Select((cell, i) => $"{{ 'name': 'c{i}', {cell.Field} }}")).Replace('\'', '"');
        string header = string.Concat(cells.Select((_, i) => $"<c t=\"inlineStr\"><is><t>c{i}</t></is></c>"));
        await service.DeclareAsync("every_cell", fields);

        JobView job = await service.LoadAsync("every_cell", Xlsx($"<row>{header}</row><row>{string.Concat(cells.Select(cell => cell.Cell))}</row>"), Workbook);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail ?? string.Join('\n', await service.DeadLettersAsync(job)));
        string[] rows = await service.RowsAsync($"SELECT unnest(ARRAY[{string.Join(", ", cells.Select((_, i) => $"coalesce(c{i}::text, '~')"))}]) FROM every_cell");
        Assert.Equal(cells.Select(cell => cell.Row), rows);
    }

    [Fact]
    public async Task Days_are_counted_from_1904_on_where_the_workbook_says_so()
    {
        await service.DeclareAsync("from_1904", """{ "name": "id", "type": "date" }, { "name": "value", "type": "time" }""");

        JobView job = await service.LoadAsync(
            "from_1904", Xlsx($"{Header}<row><c s=\"1\"><v>44620</v></c><c s=\"3\"><v>0.5</v></c></row>", "<workbookPr date1904=\"1\"/>"), Workbook);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail);
        Assert.Equal(["2026-03-01 12:00:00"], await service.RowsAsync("SELECT id || ' ' || value FROM from_1904"));
    }

    /// <summary>As a spreadsheet's library writes it: shared styles, rows enough for many chunks.</summary>
    [Fact]
    public async Task Bad_rows_are_dead_letters_with_the_numbers_of_their_rows()
    {
        await service.DeclareAsync("sheet_rows", """{ "name": "id", "type": "integer" }, { "name": "at", "type": "datetime" }, { "name": "note" }""");
        using MemoryStream file = new();
        await using (Spreadsheet book = await Spreadsheet.CreateNewAsync(file, cancellationToken: Token))
        {
            await book.StartWorksheetAsync("Notes", new WorksheetOptions { Visibility = WorksheetVisibility.Hidden }, Token);
            await book.AddRowAsync([new DataCell("not this one")], Token);
            await book.StartWorksheetAsync("Data", token: Token);
            StyleId date = book.AddStyle(new Style { Format = NumberFormat.Standard(StandardNumberFormat.DateAndTime) });
            await book.AddRowAsync([new Cell("id"), new Cell("at"), new Cell("note")], Token);
            await book.AddRowAsync(Array.Empty<DataCell>(), Token);
            for (int id = 1; id <= 2_000; id++)
            {
                await book.AddRowAsync(
                    [id == 700 ? new Cell("seven, \"hundred\"") : new Cell(id), new Cell(new DateTime(2026, 3, 1).AddMinutes(id), date), new Cell($"n{id}")],
                    Token);
            }

            await book.FinishAsync(Token);
        }

        JobView job = await service.LoadAsync("sheet_rows", file.ToArray(), Workbook);

        Assert.Equal((JobState.PartiallySucceeded, 1_999L), (job.State, job.Records.Loaded));
        Assert.Equal(
            ["700:702 type_mismatch id {\"id\":\"seven, \\\"hundred\\\"\",\"at\":\"2026-03-01T11:40:00\",\"note\":\"n700\"}"], await service.DeadLettersAsync(job));
        Assert.Equal(1_999, await service.Database.ScalarAsync<long>(
            "SELECT count(*) FROM sheet_rows WHERE at = '2026-03-01Z'::timestamptz + id * interval '1 minute' AND note = 'n' || id AND _record = id"));
        string csv = await service.Service.Client.GetStringAsync($"/v1/jobs/{job.Id}/dead-letters?bom=false", Token);
        Assert.Contains("seven", csv, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sheet_named", "'sheetName': 'B'", "2")]
    [InlineData("sheet_numbered", "'sheetNumber': 2", "2")]
    [InlineData("sheet_header", "'headerRows': [1, 2], 'headerMatch': 'caseInsensitive'", "header_mismatch")]
    [InlineData("sheet_missing", "'sheetName': 'C'", "has no sheet \"C\" (dialect.sheetName). It has \"A\", \"B\"")]
    [InlineData("sheet_beyond", "'sheetNumber': 3", "has no sheet 3")]
    [InlineData("sheet_bare", "'header': false", "type_mismatch")]
    public async Task The_dialect_says_where_the_records_are(string dataset, string dialect, string outcome)
    {
        string definition = $", \"format\": \"xlsx\", \"dialect\": {{ {dialect.Replace('\'', '"')} }}";
        await service.DeclareAsync(dataset, """{ "name": "id", "type": "integer" }, { "name": "value" }""", rest: definition);

        JobView job = await service.LoadAsync(
            dataset, Xlsx($"{Header}<row><c><v>1</v></c></row>", second: $"{Header}<row><c><v>2</v></c></row>"), "application/octet-stream");

        string told = job.Error is { } error ? $"{error.Code} {error.Detail}"
            : job.Records.Rejected > 0 ? string.Join(' ', await service.DeadLettersAsync(job))
            : string.Join(' ', await service.RowsAsync($"SELECT id::text FROM {dataset}"));
        Assert.Contains(outcome, told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_title_above_the_header_is_told_with_what_to_set()
    {
        await service.DeclareAsync("sheet_title", """{ "name": "id", "type": "integer" }, { "name": "value" }""");

        JobView job = await service.LoadAsync("sheet_title", Xlsx($"<row><c t=\"inlineStr\"><is><t>Sales of March</t></is></c></row>"), Workbook);

        Assert.Contains("If another row of the sheet has the names, set dialect.headerRows to its number.", job.Error?.Detail, StringComparison.Ordinal);
    }

    public static TheoryData<byte[], string> Others => new()
    {
        { [], "empty" },
        { [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "protected by a password, or of an old kind (.xls)" },
        { "id,value\n1,a\n"u8.ToArray(), "no workbook" },
        { Zip(("a.csv", "id\n")), "no workbook" },
        { Zip(("mimetype", "application/vnd.oasis.opendocument.spreadsheet")), ".ods" },
        { Xlsx(Header)[..200], "damaged" },
        { Xlsx("<row r=\"1\"><c></row>"), "damaged" },
        { Xlsx(""), "The sheet is empty" },
        { Xlsx("<!DOCTYPE x [<!ENTITY a \"b\">]>"), "damaged" },
        { Xlsx("<row><c t=\"s\"><v>7</v></c></row>"), "damaged" },
    };

    [Fact]
    public async Task What_is_no_workbook_fails_with_the_reason()
    {
        await service.DeclareAsync("no_workbook", """{ "name": "id", "type": "integer" }, { "name": "value" }""");
        foreach ((byte[] file, string reason) in Others.Select(row => row.Data))
        {
            JobView job = await service.LoadAsync("no_workbook", file, Workbook);

            Assert.Equal((JobState.Failed, "file_unreadable"), (job.State, job.Error?.Code));
            Assert.Contains(reason, job.Error!.Detail, StringComparison.Ordinal);
        }
    }

    private static byte[] Xlsx(string rows, string properties = "", string? second = null)
    {
        const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        const string Office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        const string Package = "http://schemas.openxmlformats.org/package/2006/relationships";
        return Zip(
            ("_rels/.rels", $"<Relationships xmlns=\"{Package}\"><Relationship Id=\"a\" Type=\"{Office}/officeDocument\" Target=\"/xl/book.xml\"/></Relationships>"),
            ("xl/book.xml", $"<workbook xmlns=\"{Main}\" xmlns:r=\"{Office}\">{properties}<sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"s1\"/>"
                + $"{(second is null ? "" : "<sheet name=\"B\" sheetId=\"2\" r:id=\"s2\"/>")}</sheets></workbook>"),
            ("xl/_rels/book.xml.rels", $"<Relationships xmlns=\"{Package}\"><Relationship Id=\"s1\" Type=\"{Office}/worksheet\" Target=\"sheets/1.xml\"/>"
                + $"<Relationship Id=\"s2\" Type=\"{Office}/worksheet\" Target=\"../xl/sheets/2.xml\"/><Relationship Id=\"st\" Type=\"{Office}/styles\" Target=\"styles.xml\"/></Relationships>"),
            ("xl/styles.xml", $"<styleSheet xmlns=\"{Main}\"><numFmts><numFmt numFmtId=\"164\" formatCode=\"[h]:mm:ss\"/></numFmts><cellXfs><xf numFmtId=\"0\"/>"
                + "<xf numFmtId=\"14\"/><xf numFmtId=\"22\"/><xf numFmtId=\"21\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>"),
            ("xl/sheets/1.xml", $"<worksheet xmlns=\"{Main}\"><sheetData>{rows}</sheetData></worksheet>"),
            ("xl/sheets/2.xml", $"<worksheet xmlns=\"{Main}\"><sheetData>{second}</sheetData></worksheet>"));
    }

    private static byte[] Zip(params (string Name, string Text)[] entries)
    {
        using MemoryStream file = new();
        using (ZipArchive archive = new(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, string text) in entries)
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return file.ToArray();
    }
}
