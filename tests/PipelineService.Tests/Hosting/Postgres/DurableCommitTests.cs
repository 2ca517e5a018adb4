using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Postgres;

/// <summary>
/// A database that may forget what it has confirmed must not forget the end of a job: its upload has left the spool by then.
/// </summary>
public sealed class DurableCommitTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    /// <summary>Notes in each transaction that changes a job whether its commit will be flushed.</summary>
    private const string NoteCommits = """
        CREATE TABLE public.commits (state text, setting text);
        CREATE FUNCTION public.note_commit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.commits VALUES (NEW.state, current_setting('synchronous_commit'));
            RETURN NULL;
        END $$;
        CREATE TRIGGER note_commit AFTER INSERT OR UPDATE ON pipeline.jobs
            FOR EACH ROW EXECUTE FUNCTION public.note_commit();
        """;

    [Theory]
    [InlineData("off", "on")]
    [InlineData("on", "on")]
    [InlineData("local", "local")]
    [InlineData("remote_apply", "remote_apply")]
    public async Task Ends_every_job_with_a_commit_that_is_flushed(string configured, string atTheEnd)
    {
        await database.ExecuteAsync($"""
            DROP TABLE IF EXISTS public.commits;
            DROP FUNCTION IF EXISTS public.note_commit CASCADE;
            {NoteCommits}
            DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = %L', current_database(), '{configured}'); END $$
            """);
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(
            database.ConnectionString, [("Spool:ChunkBytes", "4096")]);
        Api api = new(service.Client);

        Assert.Equal(JobState.Succeeded, (await LoadAsync(api, $"by_job_{configured}", "job", "", 2_000)).State);
        Assert.Equal(JobState.Succeeded, (await LoadAsync(api, $"by_chunk_{configured}", "chunk", "", 2_000)).State);
        Assert.Equal(JobState.Failed, (await LoadAsync(api, $"strict_{configured}", "job", "bad,a,1\n", 1)).State);

        foreach (JobState state in new[] { JobState.Succeeded, JobState.Failed })
        {
            Assert.Equal(atTheEnd, await SettingsAtAsync($"= '{state.ToText()}'"));
        }

        // Before the end the spool has the bytes: that these commits wait is the operator's choice.
        Assert.Equal(configured, await SettingsAtAsync("IN ('receiving', 'queued', 'running')"));
    }

    private static async Task<JobView> LoadAsync(Api api, string dataset, string commit, string bad, int rows)
    {
        await api.DeclareAsync(
            dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}, 'rejects': {{ 'maxCount': 0 }}"));
        return await api.LoadAsync(dataset, Readings.Header + bad + Readings.CsvRows(1, rows));
    }

    private Task<string?> SettingsAtAsync(string state) =>
        database.ScalarAsync<string>($"SELECT string_agg(DISTINCT setting, ', ') FROM public.commits WHERE state {state}");
}
