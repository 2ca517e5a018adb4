using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Npgsql;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>A job that looks another dataset up and has its records scored sees one version of both, from its first attempt to its last.</summary>
public sealed class PinnedLookupTests(FieldDatabase database) : IClassFixture<FieldDatabase>
{
    public static readonly TheoryData<string> OneSize = OneForm.Of("268435456", "0");

    /// <summary>Records of a job that is too large for every run.</summary>
    internal const string Variable = "PIPELINE_PINNED_RECORDS";

    private const int Records = 1_500;

    /// <summary>
    /// The service dies twice in the middle of a job that commits each chunk, and what the job looks up is replaced before each of the
    /// next attempts; and so is the model that scores its records.
    /// </summary>
    /// <param name="bytes">How much memory rows may take that are looked up.</param>
    [Theory]
    [MemberData(nameof(OneSize))]
    public async Task Every_row_is_of_one_version_whatever_is_loaded_and_whoever_dies(string bytes)
    {
        OneForm.SkipUnlessItsTurn(nameof(PinnedLookupTests));
        const string Dies = "Committed:kill:4";
        (string, string)[] settings = [("Spool__ChunkBytes", "4096"), ("Transform__LookupBytes", bytes)];
        await using Field field = new(database, $"pinned-{bytes}");
        await field.StartAsync("", settings);
        string first = await field.ReplaceLookedUpAsync(Records);
        int own = 1_000 * (bytes.Length + 1);
        await field.Sender.PutModelAsync(Sample.ModelOf(own), field.Token);

        await field.StartAsync(Dies, settings);
        Task looking = field.SendLookingAsync(Records);
        await field.Service.WaitForExitAsync(field.Token);
        foreach (string fate in (string[])[Dies, ""])
        {
            await using (await TableLock.TakeAsync(database, Sample.Looking))
            {
                await field.StartAsync(fate, settings);
                await field.ReplaceLookedUpAsync(Records);
                await field.Sender.PutModelAsync(Sample.ModelOf(own + (fate == Dies ? 1 : 2)), field.Token);
            }

            if (fate == Dies)
            {
                await field.Service.WaitForExitAsync(field.Token);
            }
        }

        await looking;
        await field.EndWellAsync();
        Assert.Equal(first, await database.ScalarAsync<string>($"SELECT DISTINCT regexp_replace(found, '.* of ', '') FROM public.{Sample.Looking}"));
        Assert.Equal(own, await database.ScalarAsync<decimal>($"SELECT DISTINCT score - 2 * id FROM public.{Sample.Looking}"));
        Assert.True(await database.ScalarAsync<int>($"SELECT attempt FROM pipeline.jobs WHERE dataset = '{Sample.Looking}'") == 3);
    }

    /// <summary>The same with a job of as many records as somebody has patience for, in chunks of the usual size.</summary>
    [Fact]
    public async Task Every_row_of_a_large_job_is_of_one_version_though_the_service_dies_twice()
    {
        string? wanted = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(wanted is null, $"by hand: {Variable} says how many records");
        long records = long.Parse(wanted, CultureInfo.InvariantCulture);
        (string, string)[] settings = [("Spool__ChunkBytes", "1048576"), ("Intake__LoadAfterBytes", "1073741824")];
        await using Field field = new(database, "pinned-large");
        await field.StartAsync("", settings);
        string first = await field.ReplaceLookedUpAsync(Records);
        await field.Sender.PutModelAsync(Sample.ModelOf(1), field.Token);

        const string Dies = "Committed:kill:40";
        await field.StartAsync(Dies, settings);
        Guid job = await SendAsync(field, records);
        for (int death = 1; death <= 2; death++)
        {
            await field.Service.WaitForExitAsync(field.Token);
            await using (await TableLock.TakeAsync(database, Sample.Looking))
            {
                await field.StartAsync(death == 1 ? Dies : "", settings);
                await field.ReplaceLookedUpAsync(Records);
                await field.Sender.PutModelAsync(Sample.ModelOf(1 + death), field.Token);
            }
        }

        await field.Sender.WaitUntilFinalAsync(job, field.Token);
        await using NpgsqlCommand look = database.DataSource.CreateCommand($"""
            SELECT concat_ws(' ', count(*), count(DISTINCT _record), min(split_part(found, ' of ', 2)) = max(split_part(found, ' of ', 2)),
                min(score - 2 * id), max(score - 2 * id))
            FROM public.{Sample.Looking} WHERE _job_id = '{job}'
            """);
        look.CommandTimeout = 0; // millions are sorted
        object? seen = await look.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{records} {records} t 1 1"), seen);
        Assert.Equal(first, await database.ScalarAsync<string>(
            $"SELECT regexp_replace(found, '.* of ', '') FROM public.{Sample.Looking} WHERE _job_id = '{job}' LIMIT 1"));
        Assert.Equal(3, await database.ScalarAsync<int>($"SELECT attempt FROM pipeline.jobs WHERE id = '{job}'"));
    }

    /// <summary>Sends records whose ids are looked up, made while they are sent.</summary>
    private static async Task<Guid> SendAsync(Field field, long records)
    {
        using HttpClient http = new() { BaseAddress = field.Address, Timeout = Timeout.InfiniteTimeSpan };
        using PushedContent body = new(async target =>
        {
            const int LineBytesMax = 100;
            byte[] block = new byte[1 << 20];
            int filled = Encoding.UTF8.GetBytes("id,amount,note\n", block);
            for (long record = 0; record < records; record++)
            {
                filled += Encoding.UTF8.GetBytes(
                    string.Create(CultureInfo.InvariantCulture, $"{(record % Records) + 1},{record % 1_000},note\n"), block.AsSpan(filled));
                if (block.Length - filled < LineBytesMax)
                {
                    await target.WriteAsync(block.AsMemory(0, filled), field.Token);
                    filled = 0;
                }
            }

            await target.WriteAsync(block.AsMemory(0, filled), field.Token);
        });
        using HttpResponseMessage answer = await http.PostAsync(new Uri($"/v1/datasets/{Sample.Looking}/uploads", UriKind.Relative), body, field.Token);
        string text = await answer.Content.ReadAsStringAsync(field.Token);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, text);
        return JsonElement.Parse(text).GetProperty("id").GetGuid();
    }

    /// <summary>CSV that is written as it goes.</summary>
    private sealed class PushedContent : HttpContent
    {
        private readonly Func<Stream, Task> _write;

        public PushedContent(Func<Stream, Task> write)
        {
            _write = write;
            Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _write(stream);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
