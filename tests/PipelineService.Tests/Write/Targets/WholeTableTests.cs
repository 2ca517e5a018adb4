using System.Net;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Jobs.Requests;

namespace PipelineService.Tests.Write.Targets;

/// <summary>The rows of an upload take the place of all others: readers see the old ones or the new ones, and wait for nobody.</summary>
public sealed class WholeTableTests(ReplacementTests.SmallChunks running) : IClassFixture<ReplacementTests.SmallChunks>
{
    private const int Old = 300;
    private const int New = 500;

    private readonly Api _api = running.Api;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readers_see_the_old_rows_or_the_new_ones_and_nothing_else()
    {
        JobView old = await LoadOldAsync("read_all_the_time");
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "read_all_the_time", id: New - 10);
        Guid sent = (await _api.UploadAsync("read_all_the_time", Readings.Csv(New))).Job.Id;
        await running.Database.WhenBlockedAsync("COPY");
        Assert.Equal(Old, await running.CountRowsAsync("read_all_the_time")); // the old ones are deleted by now, and most new ones written

        using CancellationTokenSource over = new();
        Task<HashSet<long>> reading = CountUntilAsync("read_all_the_time", over.Token);
        await gate.OpenAsync();
        JobView job = await _api.WhenFinalAsync(sent);
        await over.CancelAsync();

        Assert.Equal((JobState.Succeeded, (long)New), (job.State, job.Records.Loaded));
        Assert.Subset(new HashSet<long> { Old, New }, await reading);
        Assert.Equal(New, await running.CountRowsAsync("read_all_the_time"));
        JobView before = await JobAsync(old.Id);
        Assert.Equal((JobState.Succeeded, job.Id, (long)Old), (before.State, before.ReplacedBy, before.Reverted?.Rows));
    }

    [Fact]
    public async Task A_job_that_fails_or_is_cancelled_leaves_the_old_rows()
    {
        JobView old = await LoadOldAsync("kept", "'rejects': { 'maxCount': 1 }");

        JobView failed = await _api.LoadAsync("kept", Readings.Csv(New) + "none,a,1\nnone,b,1\n");
        Assert.Equal((JobState.Failed, "reject_limit_reached"), (failed.State, failed.Error?.Code));

        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "kept", id: New - 10);
        Guid stopped = (await _api.UploadAsync("kept", Readings.Csv(New))).Job.Id;
        await running.Database.WhenBlockedAsync("COPY");
        Assert.Equal(JobState.Cancelled, (await _api.CancelAsync(stopped)).Job.State);

        Assert.Equal(Old, await running.CountRowsAsync("kept"));
        Assert.Equal((null, null), ((await JobAsync(old.Id)).Reverted, (await JobAsync(old.Id)).ReplacedBy));
    }

    [Fact]
    public async Task An_upload_without_a_record_empties_the_table_and_one_of_which_none_can_be_loaded_does_not()
    {
        await LoadOldAsync("emptied");

        JobView wrong = await _api.LoadAsync("emptied", Readings.Header + "a,b,c\nd,e,f\n");
        Assert.Equal((JobState.Failed, "nothing_loaded", 2L), (wrong.State, wrong.Error?.Code, wrong.Records.Rejected));
        Assert.Equal(Old, await running.CountRowsAsync("emptied"));

        JobView none = await _api.LoadAsync("emptied", Readings.Header);
        Assert.Equal((JobState.Succeeded, 0L), (none.State, none.Records.Read));
        Assert.Equal(0, await running.CountRowsAsync("emptied"));
    }

    /// <summary>The one that came last has the last word, in whichever order they are loaded.</summary>
    [Fact]
    public async Task Of_two_at_once_the_later_one_stays()
    {
        await LoadOldAsync("raced");
        HeldBody slow = new();
        Task<ApiAnswer> first = _api.PostAsync("/v1/datasets/raced/uploads", slow, ("Idempotency-Key", "first"));
        await slow.SendAsync(Readings.Csv(New));
        await BoundedWait.UntilAsync("the first to arrive", () => Directory.EnumerateFiles(running.Service.SpoolDirectory, "*.data").Any());
        JobView second = await _api.LoadAsync("raced", Readings.Csv(7));

        slow.Complete();
        JobView job = await _api.WhenFinalAsync((await first.Within("the first to be answered")).Job.Id);

        Assert.True(job.Id.CompareTo(second.Id) < 0);
        Assert.Equal((JobState.Cancelled, "superseded"), (job.State, job.Error?.Code));
        Assert.Contains($"{second.Id}", job.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal(7, await running.CountRowsAsync("raced"));
    }

    /// <summary>While one loads, another waits for the table, and comes behind it.</summary>
    [Fact]
    public async Task Of_two_that_load_at_once_one_waits_for_the_other()
    {
        await LoadOldAsync("queued");
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "queued", id: New - 10);
        Guid first = (await _api.UploadAsync("queued", Readings.Csv(New))).Job.Id;
        await running.Database.WhenBlockedAsync("COPY");
        Guid second = (await _api.UploadAsync("queued", Readings.Csv(9))).Job.Id;
        await running.Database.WhenBlockedAsync("LOCK TABLE");

        await gate.OpenAsync();

        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(first)).State);
        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(second)).State);
        Assert.Equal(9, await running.CountRowsAsync("queued"));
        Assert.Equal(second, (await JobAsync(first)).ReplacedBy);
    }

    /// <summary>Sent once more, the data of a job that gave way would take the place of newer data.</summary>
    [Fact]
    public async Task A_job_that_gave_way_still_answers_for_its_key()
    {
        await DeclareAsync("keyed");
        (string, string)[] headers = [("Idempotency-Key", "monday"), ("Prefer", "wait=30")];
        JobView monday = (await _api.UploadAsync("keyed", Readings.Csv(3), "text/csv", headers)).Job;
        await _api.LoadAsync("keyed", Readings.Csv(4));

        ApiAnswer again = await _api.UploadAsync("keyed", Readings.Csv(3), "text/csv", headers);

        Assert.Equal((HttpStatusCode.OK, monday.Id, "true"), (again.Status, again.Job.Id, again["Idempotency-Replayed"]));
        Assert.Equal(4, await running.CountRowsAsync("keyed"));
    }

    /// <summary>Also one of before, whose rows have gone: its data comes back as a job of today.</summary>
    [Fact]
    public async Task Jobs_can_be_replaced_by_name_and_run_again()
    {
        await DeclareAsync("corrected", "'keepUpload': 'P1D'");
        JobView first = await _api.LoadAsync("corrected", Readings.Csv(3));
        JobView second = (await _api.ReplaceAsync("corrected", first.Id, Readings.Csv(4), ("Prefer", "wait=30"))).Job;
        Assert.Equal((JobState.Succeeded, 4L), (second.State, await running.CountRowsAsync("corrected")));
        Assert.Equal((second.Id, 3L), ((await JobAsync(first.Id)).ReplacedBy, (await JobAsync(first.Id)).Reverted?.Rows));
        JobView third = await _api.LoadAsync("corrected", Readings.Csv(5));

        JobView again = await _api.WhenFinalAsync((await _api.RerunAsync(second.Id)).Job.Id);

        Assert.Equal((JobState.Succeeded, second.Id), (again.State, again.Replaces));
        Assert.Equal(4, await running.CountRowsAsync("corrected"));
        Assert.Equal((again.Id, again.Id), ((await JobAsync(second.Id)).ReplacedBy, (await JobAsync(third.Id)).ReplacedBy));
        Assert.Equal(HttpStatusCode.Conflict, (await _api.RerunAsync(first.Id)).Status); // it was replaced by name, which is for good
    }

    [Fact]
    public async Task A_revert_brings_the_rows_of_before_back_where_they_are_kept()
    {
        await DeclareAsync("brought_back", rest: "'lookup': { 'key': ['id'] }");
        JobView first = await _api.LoadAsync("brought_back", Readings.Csv(3));
        string[] before = await RowsAsync("brought_back");
        JobView second = await _api.LoadAsync("brought_back", Readings.Csv(8));

        ApiAnswer reverted = await _api.RevertAsync(second.Id);

        Assert.Equal((HttpStatusCode.OK, 8L), (reverted.Status, reverted.Json.GetProperty("rowsRemoved").GetInt64()));
        Assert.Equal(before, await RowsAsync("brought_back"));
        Assert.Equal((null, null), ((await JobAsync(first.Id)).Reverted, (await JobAsync(first.Id)).ReplacedBy));
        Assert.Equal(8L, (await JobAsync(second.Id)).Reverted?.Rows);

        // What came before those is known no longer; a next upload finds all as it was.
        ApiAnswer further = await _api.RevertAsync(first.Id);
        Assert.Equal((HttpStatusCode.Conflict, "former_rows_gone"), (further.Status, further.Problem.Code));
        Assert.Equal(JobState.Succeeded, (await _api.LoadAsync("brought_back", Readings.Csv(2))).State);
        Assert.Equal(2, await running.CountRowsAsync("brought_back"));
    }

    [Fact]
    public async Task A_revert_is_refused_with_what_to_do_where_they_are_not()
    {
        await DeclareAsync("not_kept", "'keepUpload': 'P1D'");
        JobView first = await _api.LoadAsync("not_kept", Readings.Csv(3));
        JobView second = await _api.LoadAsync("not_kept", Readings.Csv(8));

        ApiAnswer refused = await _api.RevertAsync(second.Id);

        Assert.Equal((HttpStatusCode.Conflict, "former_rows_gone"), (refused.Status, refused.Problem.Code));
        Assert.Contains($"/v1/jobs/{first.Id}/rerun", refused.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal(8, await running.CountRowsAsync("not_kept"));
        await running.Database.ExecuteAsync("INSERT INTO public.not_kept (id, _job_id, _record) VALUES (-1, gen_random_uuid(), 1)");
        await DeclareAsync("with_strangers");
        JobView alone = await _api.LoadAsync("with_strangers", Readings.Csv(3));
        await running.Database.ExecuteAsync("INSERT INTO public.with_strangers (id, _job_id, _record) VALUES (-1, gen_random_uuid(), 1)");
        Assert.Equal("revert_refused", (await _api.RevertAsync(alone.Id)).Problem.Code);
    }

    [Fact]
    public async Task Rows_of_others_that_refer_to_the_table_are_waited_for_or_named()
    {
        await LoadOldAsync("referred", isKey: true);
        await running.Database.ExecuteAsync("""
            CREATE TABLE public.referring (id bigint CONSTRAINT of_referred REFERENCES public.referred (id));
            INSERT INTO public.referring VALUES (5)
            """);

        JobView refused = await _api.LoadAsync("referred", Readings.Csv(New));
        Assert.Equal((JobState.Failed, "replace_refused"), (refused.State, refused.Error?.Code));
        Assert.Contains("ALTER TABLE referring ALTER CONSTRAINT \"of_referred\" DEFERRABLE", refused.Error!.Detail, StringComparison.Ordinal);

        await running.Database.ExecuteAsync("ALTER TABLE public.referring ALTER CONSTRAINT of_referred DEFERRABLE");
        Assert.Equal(JobState.Succeeded, (await _api.LoadAsync("referred", Readings.Csv(New))).State);
        JobView broken = await _api.LoadAsync("referred", Readings.Header + "6,a,1\n");
        Assert.Equal((JobState.Failed, "replace_refused"), (broken.State, broken.Error?.Code));
        Assert.Equal(New, await running.CountRowsAsync("referred"));

        await running.Database.ExecuteAsync("""
            ALTER TABLE public.referring DROP CONSTRAINT of_referred,
                ADD CONSTRAINT of_referred FOREIGN KEY (id) REFERENCES public.referred (id) ON DELETE CASCADE
            """);
        JobView cascading = await _api.LoadAsync("referred", Readings.Csv(New));
        Assert.Contains("ON DELETE CASCADE", cascading.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal(1, await running.CountRowsAsync("referring"));
    }

    [Fact]
    public async Task A_trigger_that_keeps_rows_fails_the_job()
    {
        await LoadOldAsync("guarded");
        await running.Database.ExecuteAsync("""
            CREATE FUNCTION public.keep_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN OLD.id = 5 THEN NULL ELSE OLD END; END';
            CREATE TRIGGER keep_it BEFORE DELETE ON public.guarded FOR EACH ROW EXECUTE FUNCTION public.keep_it()
            """);

        JobView job = await _api.LoadAsync("guarded", Readings.Csv(New));

        Assert.Equal((JobState.Failed, "replace_refused"), (job.State, job.Error?.Code));
        Assert.Equal(Old, await running.CountRowsAsync("guarded"));
    }

    [Fact]
    public async Task A_dataset_that_replaces_all_rows_shares_its_table_with_no_other()
    {
        await DeclareAsync("alone");
        await _api.DeclareAsync("adding", Readings.Definition("'load': { 'table': 'public.shared' }"));

        foreach ((string dataset, string load, string sentence) in ((string, string, string)[])
        [
            ("intruder", "'table': 'public.alone'", "Each upload of dataset \\u0022alone\\u0022 replaces all rows of it"),
            ("taker", "'table': 'public.shared', 'mode': 'replace'", "Dataset \\u0022adding\\u0022 loads into it as well"),
        ])
        {
            using StringContent body = new(
                Readings.Definition($"'load': {{ {load} }}").Replace('\'', '"'), System.Text.Encoding.UTF8, "application/json");
            ApiAnswer refused = await _api.PutAsync($"/v1/datasets/{dataset}", body);
            Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
            Assert.Contains("/load/table", refused.Problem.Errors!.Keys);
            Assert.Contains(sentence.Replace("\\u0022", "\"", StringComparison.Ordinal), refused.Problem.Errors["/load/table"][0], StringComparison.Ordinal);
        }
    }

    private Task DeclareAsync(string dataset, string? load = null, string? rest = null, bool isKey = true)
    {
        string definition = Readings.Definition(
            $"'load': {{ 'mode': 'replace'{(load is null ? "" : ", " + load)} }}{(rest is null ? "" : ", " + rest)}");
        return _api.DeclareAsync(
            dataset, isKey ? definition.Replace("} ] }", "} ], 'primaryKey': ['id'] }", StringComparison.Ordinal) : definition);
    }

    private async Task<JobView> LoadOldAsync(string dataset, string? rest = null, bool isKey = false)
    {
        await DeclareAsync(dataset, rest: rest, isKey: isKey);
        JobView old = await _api.LoadAsync(dataset, Readings.Csv(Old));
        Assert.Equal((JobState.Succeeded, (long)Old), (old.State, old.Records.Loaded));
        return old;
    }

    private async Task<JobView> JobAsync(Guid id) => (await _api.GetAsync($"/v1/jobs/{id}")).Job;

    private async Task<string[]> RowsAsync(string table)
    {
        List<string> rows = [];
        await using NpgsqlCommand command = running.Database.DataSource.CreateCommand($"SELECT t::text FROM public.{table} t ORDER BY id");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            rows.Add(reader.GetString(0));
        }

        return [.. rows];
    }

    /// <summary>What readers count, one look after the other, until it is over and once more.</summary>
    private async Task<HashSet<long>> CountUntilAsync(string table, CancellationToken over)
    {
        HashSet<long> seen = [];
        bool isOver;
        do
        {
            isOver = over.IsCancellationRequested;
            seen.Add(await running.CountRowsAsync(table));
        }
        while (!isOver);
        return seen;
    }
}
