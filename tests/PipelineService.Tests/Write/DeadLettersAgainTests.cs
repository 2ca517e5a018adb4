using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Transforms;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;
using PipelineService.Write.Targets;

namespace PipelineService.Tests.Write;

/// <summary>
/// The letters of a chunk that is written more than once, by a slow database, or by an attempt that is over.
/// </summary>
public sealed class DeadLettersAgainTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private const long Epoch = 3;

    private static readonly RowPlan Rows = new(new DatasetDefinition
    {
        Schema = new TableSchema { Fields = [new FieldDefinition { Name = "id", Type = FieldType.Integer }] },
        Load = new LoadPolicy { Table = new TableName("public", "letters") },
    });

    private readonly Guid _job = Guid.CreateVersion7();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await ExecuteAsync($"""
        INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at)
        VALUES ('letters', 1, now(), now())
        ON CONFLICT DO NOTHING;
        INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at)
        VALUES ('letters', 1, '{"{}"}', now())
        ON CONFLICT DO NOTHING;
        INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, content_type, created_at, spool, epoch)
        VALUES ('{_job}', 'letters', 1, 'running', 'text/csv', now(), gen_random_uuid(), {Epoch});
        """);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Writing_the_letters_of_a_chunk_again_changes_nothing(bool isBeside)
    {
        await WriteAsync("x\n2\ny\nz\n", first: 1, isBeside);
        await WriteAsync("w\n", first: 5, isBeside);
        string[] once = await LettersAsync();

        await WriteAsync("x\n2\ny\nz\n", first: 1, isBeside);

        Assert.Equal(["1 x", "3 y", "4 z", "5 w"], once);
        Assert.Equal(once, await LettersAsync());
    }

    [Fact]
    public async Task A_letter_of_a_record_that_is_good_by_now_goes()
    {
        await WriteAsync("x\n2\ny\n", first: 1, isBeside: true);

        await WriteAsync("1\n2\ny\n", first: 1, isBeside: true);

        Assert.Equal(["3 y"], await LettersAsync());
    }

    [Fact]
    public async Task An_attempt_that_was_taken_over_writes_nothing()
    {
        await Assert.ThrowsAsync<JobTakenOverException>(
            () => WriteAsync("x\n", first: 1, isBeside: true, epoch: Epoch - 1));

        Assert.Empty(await LettersAsync());
    }

    [Fact]
    public async Task What_an_attempt_leaves_open_is_ended_with_its_sessions()
    {
        await using NpgsqlConnection holder = await database.DataSource.OpenConnectionAsync(Cancellation);
        await using NpgsqlTransaction holding = await holder.BeginTransactionAsync(Cancellation);
        await using (NpgsqlCommand take = new("LOCK TABLE pipeline.dead_letters IN EXCLUSIVE MODE", holder, holding))
        {
            await take.ExecuteNonQueryAsync(Cancellation);
        }

        Task writing = WriteAsync("x\n", first: 1, isBeside: true);
        await database.WhenBlockedAsync("dead_letters");
        string? name = await database.ScalarAsync<string>("""
            SELECT application_name FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """);
        await holding.RollbackAsync(Cancellation);
        await writing;

        Assert.Equal(WriteSession.SessionName(_job), name);
        Assert.Equal(["1 x"], await LettersAsync());
    }

    [Fact]
    public async Task A_database_slower_than_requests_are_patient_costs_no_attempt()
    {
        await ExecuteAsync("""
            CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END';
            CREATE TRIGGER slow AFTER INSERT ON pipeline.dead_letters
            FOR EACH STATEMENT EXECUTE FUNCTION public.slow();
            """);
        try
        {
            HostingOptions options = new() { DatabaseTimeout = TimeSpan.FromMilliseconds(20) };
            Database impatient = DatabaseAccess.To(database.DataSource, options);

            await WriteAsync(new DeadLetterWriter(impatient), connection: null, "x\n", first: 1, Epoch);
        }
        finally
        {
            await ExecuteAsync("DROP FUNCTION public.slow() CASCADE");
        }

        Assert.Equal(["1 x"], await LettersAsync());
    }

    private async Task WriteAsync(string data, long first, bool isBeside, long epoch = Epoch)
    {
        DeadLetterWriter writer = new(database.Database);
        if (isBeside)
        {
            await WriteAsync(writer, connection: null, data, first, epoch);
            return;
        }

        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Cancellation);
        await WriteAsync(writer, connection, data, first, epoch);
        await transaction.CommitAsync(Cancellation);
    }

    private async Task WriteAsync(
        DeadLetterWriter writer, NpgsqlConnection? connection, string data, long first, long epoch)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(data);
        ChunkPosition position = new(first, first);
        TransformWorkspace workspace = new();
        var binding = HeaderBinding.ByPosition(Rows.Definition.Schema);
        ChunkTransform transform = new(Rows, new CsvRecordReader(binding, CsvDialect.Default, recordBytesMax: 100), new JobFacts(_job));
        int records = transform.Run(bytes, position, workspace);

        JobLoadPlan plan = new()
        {
            JobId = _job,
            Epoch = epoch,
            Dataset = "letters",
            Party = "letters",
            Rows = Rows,
            Target = new AppendTarget(Rows.Definition),
            RawBytesMax = 100,
        };
        using JobLoad load = new(plan, sessions: 1, new WriteOptions(), NullLogger.Instance, Cancellation)
        {
            ReadAgain = (_, _, _, _) => throw new UnreachableException("No chunk is written again here."),
        };
        ChunkExtent extent = new()
        {
            StartOffset = first,
            EndOffset = first + bytes.Length,
            Position = position,
            Records = records,
            Lines = records,
        };
        TransformedChunk chunk = new(load, await load.EnterAsync(Cancellation), extent, bytes, workspace, records);
        await writer.WriteAsync(connection, chunk, [], ChunkRejects.Count(chunk, []), Cancellation);
    }

    /// <summary>The letters, which are as many as are counted.</summary>
    private async Task<string[]> LettersAsync()
    {
        List<string> letters = [];
        await using NpgsqlCommand command = database.DataSource.CreateCommand($"""
            SELECT record || ' ' || convert_from(raw, 'UTF8')
            FROM pipeline.dead_letters WHERE job_id = '{_job}' ORDER BY record
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
        {
            letters.Add(reader.GetString(0));
        }

        Assert.Equal(letters.Count, await database.ScalarAsync<long>(
            $"SELECT coalesce(sum(records), 0)::bigint FROM pipeline.job_rejects WHERE job_id = '{_job}'"));
        return [.. letters];
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
