using System.Globalization;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Rejects;

/// <summary>Chunk after chunk with records that the database refuses, or with nothing but bad ones: each costs itself alone.</summary>
public sealed class PoisonedChunkTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const int Records = 5_000;

    private const string Fields = """
        { "name": "id", "type": "integer" }, { "name": "parent", "type": "integer" }, { "name": "amount", "type": "integer" }
        """;

    public static TheoryData<string> Policies => ["job", "chunk"];

    [Theory, MemberData(nameof(Policies))]
    public async Task A_tenth_without_a_parent_is_refused_and_the_rest_is_loaded(string commit)
    {
        string table = $"orphans_{commit}";
        await DeclareAsync(table, commit);

        await ExpectAsync(table, i => i % 10 == 0 ? (i, -i, i, "foreign_key parent") : (i, i % 100, i, null));
    }

    /// <summary>Orphans, repeated keys, a check and a text that is no number, none of which hides another.</summary>
    [Theory, MemberData(nameof(Policies))]
    public async Task Refusals_of_every_kind_in_the_same_chunks_cost_one_record_each(string commit)
    {
        string table = $"mixed_{commit}";
        await DeclareAsync(table, commit);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD PRIMARY KEY (id), ADD CHECK (amount >= 0)");

        await ExpectAsync(table, i => (i % 20) switch
        {
            0 => (i, -1, i, "foreign_key parent"),
            5 => (i - 1, 1, i, "unique id"), // the key of the record before
            10 => (i, 1, -i, "check amount"),
            15 => (i, 1, null, "type_mismatch amount"),
            _ => (i, i % 100, i, null),
        });
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task An_upload_of_nothing_but_bad_records_ends_with_each_of_them_kept(string commit)
    {
        string table = $"all_bad_{commit}";
        await DeclareAsync(table, commit);

        await ExpectAsync(table, i => (i, i, null, "type_mismatch amount"));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task An_upload_of_nothing_but_orphans_ends_with_each_of_them_kept(string commit)
    {
        string table = $"all_orphans_{commit}";
        await DeclareAsync(table, commit);

        await ExpectAsync(table, i => (i, -i, i, "foreign_key parent"));
    }

    private async Task DeclareAsync(string table, string commit)
    {
        await service.DeclareAsync(table, Fields, commit);
        await service.Database.ExecuteAsync($"""
            CREATE TABLE {table}_parent (id bigint PRIMARY KEY);
            INSERT INTO {table}_parent SELECT generate_series(0, 99);
            ALTER TABLE {table} ADD FOREIGN KEY (parent) REFERENCES {table}_parent
            """);
    }

    /// <param name="record">For each number the record, its amount null for a text that is none, and why it is refused.</param>
    private async Task ExpectAsync(string table, Func<int, (int Id, int Parent, int? Amount, string? Refusal)> record)
    {
        (int Number, string Line, string? Refusal)[] records =
        [
            .. Enumerable.Range(1, Records).Select(i => (i, Line(record(i)), record(i).Refusal)),
        ];

        JobView job = await service.LoadAsync(table, "id,parent,amount\n" + string.Concat(records.Select(r => r.Line + "\n")));

        string[] loaded = [.. records.Where(r => r.Refusal is null).Select(r => r.Line)];
        Assert.Equal(
            (JobState.PartiallySucceeded, new RecordsView(Records, loaded.Length, Records - loaded.Length, 0)), (job.State, job.Records));
        Assert.Equal(loaded, await service.RowsAsync($"SELECT concat_ws(',', id, parent, amount) FROM {table} ORDER BY _record"));
        Assert.Equal(
            records.Where(r => r.Refusal is not null).Select(r => $"{r.Number}:{r.Number + 1} {r.Refusal} {r.Line}"),
            await service.DeadLettersAsync(job));

        static string Line((int Id, int Parent, int? Amount, string? Refusal) r) => string.Create(
            CultureInfo.InvariantCulture, $"{r.Id},{r.Parent},{r.Amount?.ToString(CultureInfo.InvariantCulture) ?? "many"}");
    }
}
