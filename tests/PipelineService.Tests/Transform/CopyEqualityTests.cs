using System.Text;
using CsCheck;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform;

/// <summary>What the service loads is what PostgreSQL's own COPY loads from the same bytes.</summary>
public abstract class CopyEqualityTests(LoadingService service, string commit, string textType = "text")
{
    private const string Header = "i,n,f,s,b,d,z,t\n";

    private static int _datasets;

    public static TheoryData<string, string> Files => new()
    {
        { "quotes", Header + "1,,,\"a \"\"quoted\"\" word\",,,,\n\"2\",\"3.5\",\"1\",\"\"\"\",\"true\",\"2020-02-29\",,\n" },
        { "embedded line ends", Header + "1,,,\"a\nb\",,,,\n2,,,\"a\r\nb\",,,,\n3,,,\"a\rb\n\",,,,\n" },
        { "CRLF", Header.Replace("\n", "\r\n", StringComparison.Ordinal) + "1,,,a,,,,\r\n2,,,\"b\r\nc\",,,,\r\n" },
        { "lone CR", Header.Replace('\n', '\r') + "1,,,a,,,,\r2,,,b,,,,\r" },
        { "byte order mark", "\uFEFF" + Header + "1,,,a,,,,\n" },
        { "no last line end", Header + "1,,,a,,,,\n2,,,b,,,," },
        { "missing values", Header + ",,,,,,,\n\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"\n1,,,\" \",,,,\n" },
        { "unicode", Header + "1,,,Zürich 漢字 👩‍👩‍👧 \u00A0 \u200B e\u0301,,,,\n" },
        { "whole numbers", Header + "-9223372036854775808,,,,,,,\n9223372036854775807,,,,,,,\n007,,,,,,,\n-0,,,,,,,\n" },
        { "numerics", Header + string.Concat(Enumerable.Range(1, 40).Select(digits =>
            $",{new string('9', digits)},,,,,,\n,-0.{new string('1', digits)},,,,,,\n,1{new string('0', digits)}.10,,,,,,\n")) },
        { "exponents", Header + ",1e5,1e5,,,,,\n,-1.50E-7,-1.5e-300,,,,,\n,1.2E+3,1.7976931348623157e308,,,,,\n,0e0,5e-324,,,,,\n" },
        { "dates", Header + ",,,,,1999-12-31,,\n,,,,,1969-12-31,,\n,,,,,0001-01-01,,\n,,,,,9999-12-31,,\n,,,,,1900-02-28,,\n" },
        { "instants", Header + ",,,,,,2024-02-29T23:59:59Z,\n,,,,,,1969-12-31T23:59:59.999999Z,\n"
            + ",,,,,,1999-12-31T23:30:00.123456-11:30,\n,,,,,,2000-01-01T00:00:00+02:00,\n,,,,,,1850-06-01T12:00:00.5,\n" },
        { "times", Header + ",,,,,,,00:00:00\n,,,,,,,23:59:59\n" },
        { "booleans", Header + ",,,,true,,,\n,,,,False,,,\n,,,,1,,,\n,,,,0,,,\n" },
    };

    [Theory, MemberData(nameof(Files))]
    public async Task A_file_of(string kind, string text)
    {
        Assert.NotEmpty(kind);
        byte[] csv = Encoding.UTF8.GetBytes(text);

        string table = await LoadAsync(csv, "text/csv");

        await CopyOracle.ExpectSameAsync(service.Database, table, csv, textType);
    }

    [Fact]
    public Task Generated_rows_as_CSV_and_as_NDJSON() => GeneratedRows.Of(3000).SampleAsync(
        async rows =>
        {
            byte[] csv = GeneratedRows.ToCsv(rows);

            await CopyOracle.ExpectSameAsync(service.Database, await LoadAsync(csv, "text/csv"), csv, textType);
            await CopyOracle.ExpectSameAsync(
                service.Database, await LoadAsync(GeneratedRows.ToNdjson(rows), "application/x-ndjson"), csv, textType);
        },
        iter: 1,
        threads: 1,
        print: rows => $"{rows.Length} rows");

    private async Task<string> LoadAsync(byte[] data, string contentType)
    {
        string table = $"copied_{Interlocked.Increment(ref _datasets)}";
        await CopyOracle.CreateAsync(service.Database, table, textType);
        await service.DeclareAsync(table, CopyOracle.Fields, commit);
        JobView job = await service.LoadAsync(table, data, contentType);
        Assert.True(job.State == JobState.Succeeded, $"{job.Error?.Detail} {string.Join('\n', (await service.DeadLettersAsync(job)).Take(5))}");
        return table;
    }
}

/// <summary>In chunks of 4 KiB, through three sessions that commit together.</summary>
public sealed class CopyEqualityInSmallChunks(LoadingService service)
    : CopyEqualityTests(service, "job"), IClassFixture<LoadingService>;

/// <summary>In chunks of 4 KiB, through a single session, each committed by itself.</summary>
public sealed class CopyEqualityChunkByChunk(OneSessionService service)
    : CopyEqualityTests(service, "chunk"), IClassFixture<OneSessionService>;

/// <summary>With a column that has no binary form, so that all of them are sent as text.</summary>
public sealed class CopyEqualityAsText(DatabaseTypes service)
    : CopyEqualityTests(service, "job", "plain"), IClassFixture<DatabaseTypes>;

/// <summary>As the service comes.</summary>
public sealed class CopyEqualityWithDefaults(DefaultService service)
    : CopyEqualityTests(service, "job"), IClassFixture<DefaultService>;

/// <summary>Loads every job through one session.</summary>
public sealed class OneSessionService(PostgresServer server) : LoadingService(server)
{
    protected override IEnumerable<(string Key, string? Value)> Settings => [.. base.Settings, ("Write:SessionsPerJobMax", "1")];
}

/// <summary>Chunks and sessions as they are without a setting.</summary>
public sealed class DefaultService(PostgresServer server) : LoadingService(server)
{
    protected override IEnumerable<(string Key, string? Value)> Settings => [];
}
