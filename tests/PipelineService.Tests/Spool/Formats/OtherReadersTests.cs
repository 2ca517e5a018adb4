using System.Globalization;
using System.Text;
using CsvHelper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>
/// Documents of CSV, good and mutated, read by others too: CsvHelper, and PostgreSQL's COPY. Good ones all read alike. Of a mutated one that
/// they refuse a record is rejected here, or a quote stands in a field without quotes, which is data by rule.
/// </summary>
public sealed class OtherReadersTests(EmptyTestDatabase database, ITestOutputHelper output) : IClassFixture<EmptyTestDatabase>
{
    private const string Variable = "PIPELINE_TEST_DOCUMENTS";
    private const int DocumentsUsual = 300;
    private const int Fields = 3;

    private static readonly string[] Pieces = ["", "a", "1", "é", " ", ",", "\"", "\"\"", "\n", "x y", ";", "日本", "\t", "'", "b c d"];

    /// <summary>Documents to look at; a variable asks for more.</summary>
    private static int Documents =>
        int.Parse(Environment.GetEnvironmentVariable(Variable) ?? $"{DocumentsUsual}", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Read_the_same_or_refuse_as_well()
    {
        await database.ExecuteAsync("CREATE TABLE public.other_reader (a text, b text, c text, place bigint GENERATED ALWAYS AS IDENTITY)");
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        (int alike, int refused) = (0, 0);
        for (int seed = 0; seed < Documents; seed++)
        {
            string document = DocumentOf(new Random(seed), isMutated: seed % 2 == 1, out string lineEnd);
            string told = $"seed {seed}: {document.Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}";
            string? ours = ReadOurs(document, out bool isStray), helper = ReadByCsvHelper(document);
            Assert.True(ours is not null || seed % 2 == 1, $"refused, {told}");
            Assert.True(helper == ours || isStray, $"CsvHelper reads {helper}, here it is {ours}, {told}");
            if (!isStray && (seed % 2 == 0 || lineEnd == "\n"))
            {
                string? copy = await ReadByCopyAsync(connection, document);
                Assert.True(copy == ours, $"COPY reads {copy}, here it is {ours}, {told}");
            }

            (alike, refused) = ours is null || isStray ? (alike, refused + 1) : (alike + 1, refused);
        }

        output.WriteLine($"{alike} documents alike, {refused} refused or with quotes in fields without quotes.");
        Assert.True(alike > 0 && refused > 0);
    }

    private static string DocumentOf(Random random, bool isMutated, out string lineEnd)
    {
        string end = lineEnd = (string[])["\n", "\r\n", "\r"] is var ends ? ends[random.Next(ends.Length)] : "";
        StringBuilder document = new();
        int records = random.Next(1, 6);
        for (int i = 0; i < records; i++)
        {
            document.AppendJoin(',', Enumerable.Range(0, Fields).Select(_ => FieldOf(random, end)));
            document.Append(i == records - 1 && random.Next(2) == 0 ? "" : end);
        }

        if (isMutated)
        {
            int place = random.Next(document.Length);
            _ = random.Next(2) == 0 ? document.Remove(place, 1) : document.Insert(place, random.Next(2) == 0 ? "\"" : ",");
        }

        return document.ToString();
    }

    private static string FieldOf(Random random, string lineEnd)
    {
        string text = string.Concat(Enumerable.Range(0, random.Next(0, 4)).Select(_ => Pieces[random.Next(Pieces.Length)]))
            .Replace("\n", lineEnd, StringComparison.Ordinal);
        return text.AsSpan().ContainsAny("\",\r\n") || random.Next(3) == 0
            ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : text;
    }

    /// <param name="isStray">Whether a quote stands in a field without quotes.</param>
    /// <returns>Null when a record is rejected.</returns>
    private static string? ReadOurs(string document, out bool isStray)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(document);
        var fields = new RecordValue[Fields];
        CsvSyntax syntax = new(CsvDialect.Default);
        CsvTokenizer reader = new(
            bytes, CsvDialect.Default, recordBytesMax: 10_000, skipBlankLines: true, fields, new RecordShape(CsvDialect.Default, Fields, true));
        (List<string> records, bool isRefused) = ([], false);
        isStray = false;
        while (reader.Read(out CsvRecord record))
        {
            isRefused |= record.Fault != RecordErrorCode.None || record.FieldCount != Fields;
            foreach (RecordValue field in record.Fault == RecordErrorCode.None ? fields.AsSpan(0, Math.Min(Fields, record.FieldCount)) : [])
            {
                bool isQuoted = field.Start > record.Start && bytes[field.Start - 1] == (byte)'"';
                isStray |= !isQuoted && bytes.AsSpan(field.Start, field.Length).Contains((byte)'"');
                records.Add(Encoding.UTF8.GetString(CsvText.Of(bytes, field, syntax, new byte[field.Length])));
            }
        }

        return isRefused ? null : string.Join('\u0002', records);
    }

    private static string? ReadByCsvHelper(string document)
    {
        CsvReaderOptions options = CsvReaderOptions.Default with
        {
            Separator = ',', // which it else finds by itself, now and then another
            DetectSeparatorHint = false,
            HasHeader = false,
            MalformedData = CsvMalformedDataHandling.Throw,
        };
        using var reader = CsvReader.FromText(document, options);
        List<string> records = [];
        try
        {
            while (reader.Read())
            {
                if (reader.FieldCount != Fields)
                {
                    return null;
                }

                for (int field = 0; field < Fields; field++)
                {
                    records.Add(reader[field].ToString());
                }
            }

            return string.Join('\u0002', records);
        }
        catch (CsvFormatException)
        {
            return null;
        }
    }

    private static async Task<string?> ReadByCopyAsync(NpgsqlConnection connection, string document)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        try
        {
            await using (TextWriter copy = await connection.BeginTextImportAsync(
                "COPY public.other_reader (a, b, c) FROM STDIN (FORMAT csv, NULL E'\\001')", TestContext.Current.CancellationToken))
            {
                await copy.WriteAsync(document);
            }
        }
        catch (PostgresException)
        {
            return null;
        }

        await using NpgsqlCommand command = new(
            "SELECT coalesce(string_agg(concat_ws(E'\\002', a, b, c), E'\\002' ORDER BY place), '') FROM public.other_reader", connection);
        string? read = (string?)await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        await transaction.RollbackAsync(TestContext.Current.CancellationToken);
        return read;
    }
}
