using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;
using PipelineService.Write.Targets;

namespace PipelineService.Tests.Write.Targets;

/// <summary>
/// Other ways for rows to go than in addition to those that are there, planted: what comes before the first row and behind the last
/// is one with the rows, and what the table refuses costs its record whatever the way.
/// </summary>
public sealed class RowTargetTests(RowTargetTests.PlantingService service) : IClassFixture<RowTargetTests.PlantingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "note", "type": "string" }""";

    /// <summary>Several chunks of the smallest size.</summary>
    private const int Records = 400;

    [Theory]
    [InlineData(Records)]
    [InlineData(1)]
    [InlineData(0)]
    public async Task What_comes_first_and_last_is_one_with_the_rows(int records)
    {
        string table = $"refilled_{records}";
        await DeclareAsync(table, "chunk");

        JobView job = await service.LoadAsync(table, Csv(records, "new"));

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(records, await service.CountRowsAsync(table));
        Assert.Equal(records, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE note = 'new'"));
        Assert.Equal([$"{records}"], await service.RowsAsync($"SELECT rows::text FROM refills WHERE name = '{table}'"));
    }

    /// <summary>Though the dataset would have each chunk commit by itself.</summary>
    [Fact]
    public async Task What_came_first_is_undone_with_the_rows()
    {
        await DeclareAsync("refilled_too_bad", "chunk", """, "rejects": { "maxCount": 1 } """);

        JobView job = await service.LoadAsync("refilled_too_bad", Csv(Records, "new") + "x,new\ny,new\n");

        Assert.Equal((JobState.Failed, "reject_limit_reached"), (job.State, job.Error?.Code));
        Assert.Equal(["old"], await service.RowsAsync("SELECT note FROM refilled_too_bad"));
        Assert.Empty(await service.RowsAsync("SELECT rows::text FROM refills WHERE name = 'refilled_too_bad'"));
    }

    [Fact]
    public async Task What_came_first_stays_whatever_the_first_chunk_meets()
    {
        await DeclareAsync("refilled_checked", "job");
        await service.Database.ExecuteAsync("ALTER TABLE refilled_checked ADD CHECK (id <> 2)");

        JobView job = await service.LoadAsync("refilled_checked", Csv(Records, "new"));

        Assert.Equal(new RecordsView(Records, Records - 1, 1, 0), job.Records);
        Assert.Equal(0, await service.Database.ScalarAsync<long>("SELECT count(*) FROM refilled_checked WHERE note = 'old'"));
        Assert.Equal(Records - 1, await service.CountRowsAsync("refilled_checked"));
    }

    /// <summary>A key that is there is nothing bad, a check is; and a key that comes twice in a chunk is put there twice.</summary>
    [Theory]
    [InlineData("job")]
    [InlineData("chunk")]
    public async Task Rows_are_sent_and_inserted_as_the_target_says(string commit)
    {
        string table = $"last_wins_{commit}";
        await DeclareAsync(table, commit);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD PRIMARY KEY (id), ADD CHECK (note <> 'bad')");

        JobView job = await service.LoadAsync(
            table, Csv(Records, "first") + "1,second\n2,bad\n3,second\n3,third\n" + Csv(Records, "last", from: 4)["id,note\n".Length..]);

        Assert.Null(job.Error);
        int sent = Records + 4 + (Records - 3);
        Assert.Equal(new RecordsView(sent, sent - 1, 1, 0), job.Records);
        Assert.Equal(
            ["1 second", "2 first", "3 third", "4 last"],
            await service.RowsAsync($"SELECT concat_ws(' ', id, note) FROM {table} WHERE id BETWEEN 1 AND 4 ORDER BY id"));
        Assert.Equal($"{Records + 2}:{Records + 3} check note 2,bad", Assert.Single(await service.DeadLettersAsync(job)));
    }

    private async Task DeclareAsync(string table, string commit, string rest = "")
    {
        await service.DeclareAsync(table, Fields, commit, rest: rest);
        await service.Database.ExecuteAsync(
            $"INSERT INTO {table} (id, note, _job_id, _record) VALUES (-1, 'old', gen_random_uuid(), 1)");
    }

    private static string Csv(int records, string note, int from = 1) =>
        "id,note\n" + string.Concat(Enumerable.Range(from, records + 1 - from).Select(i => $"{i},{note}\n"));

    /// <summary>A service with a target of its own for the tables of some names.</summary>
    public sealed class PlantingService(PostgresServer server) : LoadingService(server)
    {
        protected override void Configure(IServiceCollection services) =>
            services.Replace(ServiceDescriptor.Singleton<RowTargets>(new PlantedTargets()));

        protected override Task PrepareAsync() => Database.ExecuteAsync("CREATE TABLE refills (name text, rows bigint)");
    }

    private sealed class PlantedTargets : RowTargets
    {
        public override RowTarget Of(DatasetDefinition definition) =>
            definition.Load.Table.Name.StartsWith("refilled", StringComparison.Ordinal) ? new RefilledTarget(definition)
            : definition.Load.Table.Name.StartsWith("last_wins", StringComparison.Ordinal) ? new LastWinsTarget(definition)
            : base.Of(definition);
    }

    /// <summary>The rows of the last job take the place of all others, and it is noted how many there are.</summary>
    private sealed class RefilledTarget(DatasetDefinition definition) : AppendTarget(definition)
    {
        public override CommitPolicy Commit => CommitPolicy.Job;

        public override bool TakesJobsTogether => false;

        public override IReadOnlyList<NpgsqlBatchCommand> FinishStatements =>
            [new($"INSERT INTO refills SELECT '{Table.Name}', count(*) FROM {Table.Quoted}")];

        public override int SessionsMax(TableShape? table) => 1;

        public override Task PrepareAsync(JobLoad load, Database database, CancellationToken cancellationToken) =>
            load.Sessions.PrepareAsync(
                database,
                (session, token) => session.ExecuteAsync([new($"DELETE FROM {Table.Quoted}")], token),
                cancellationToken);
    }

    /// <summary>A row takes the place of the one with its key.</summary>
    private sealed class LastWinsTarget(DatasetDefinition definition) : RowTarget(definition)
    {
        public override bool RefusesKnownKeys => false;

        public override bool TakesJobsTogether => true;

        public override Task<int> SendAsync(
            WriteSession session, RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken) =>
            session.Staged.InsertTogetherAsync(rows, piece, cancellationToken);

        public override string Insert(string columns, string rows) => $"""
            INSERT INTO {Table.Quoted} ({columns}) {rows}
            ON CONFLICT (id) DO UPDATE SET note = excluded.note, _job_id = excluded._job_id, _record = excluded._record
            """;
    }
}
