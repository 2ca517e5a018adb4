using System.Net;
using System.Text;
using System.Text.Json;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>
/// Whatever is sent as a form, it is taken as a whole or refused with a reason: nothing of the others stays.
/// <c>PIPELINE_FUZZ_SECONDS</c> and <c>PIPELINE_FUZZ_SEED</c> make it longer.
/// </summary>
public sealed class AnyFormTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const int CountDefault = 20;
    private const long BytesLeftMax = 64 << 20;
    private const string Dataset = "any_form";

    private static readonly string[] Tokens =
    [
        "\r\n", "\r\n", "\n", "\r", "--x\r\n", "--x--\r\n", "--x", "\r\n--x\r\n", "--", "Content-Disposition: form-data; name=f; filename=a.csv\r\n\r\n",
        "Content-Disposition: form-data; name=source\r\n\r\n", "Content-Disposition: attachment\r\n", "filename*=UTF-8''%e2%82%ac.csv", "filename=\"a\\\"b.csv\"", "; name=\"\"",
        "Content-Type: text/csv\r\n", "Content-Type: application/json\r\n", "Content-Type: multipart/mixed; boundary=x\r\n", "Content-Type: \r\n", "Content-Encoding: gzip\r\n",
        "Content-Transfer-Encoding: base64\r\n", "X: y\r\n", ": \r\n", " folded\r\n", "id,note\r\n1,a\r\n", "\0", "\u001b[31m", "é", "../../etc/passwd", new string('x', 300), new string('\n', 50),
    ];

    private static readonly string[] Types =
    [
        "multipart/form-data; boundary=x", "multipart/form-data; boundary=x", "multipart/form-data; boundary=x", "multipart/form-data; boundary=\"x\"", "multipart/form-data;boundary=",
        "multipart/form-data; boundary=\"", "Multipart/Form-Data; charset=utf-8; BOUNDARY=x", "multipart/form-data; boundary=x; boundary=y", "multipart/form-data; boundary=xy", "multipart/mixed; boundary=x",
    ];

    private static readonly HttpStatusCode[] Expected =
    [
        HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.MultiStatus, HttpStatusCode.BadRequest, HttpStatusCode.UnsupportedMediaType, HttpStatusCode.UnprocessableEntity,
        HttpStatusCode.RequestEntityTooLarge,
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Is_taken_as_a_whole_or_refused()
    {
        await service.DeclareAsync(Dataset, """{ "name": "id", "type": "integer" }, { "name": "note" }""");
        ByHandFor run = new(CountDefault);
        (int taken, int jobs) = (0, 0);
        while (run.GoesOn())
        {
            Random random = run.NextRandom();
            byte[] form = FormOf(random);
            string type = Types[random.Next(Types.Length)], told = $"PIPELINE_FUZZ_SEED={run.Seed}, {type}: {Convert.ToHexString(form)}";
            using ByteArrayContent body = new(form);
            body.Headers.TryAddWithoutValidation("Content-Type", type);

            using HttpResponseMessage answer =
                await service.Service.Client.PostAsync(new Uri($"/v1/datasets/{Dataset}/uploads", UriKind.Relative), body, Token);

            string text = await answer.Content.ReadAsStringAsync(Token);
            Assert.True(Expected.Contains(answer.StatusCode), $"{answer.StatusCode}: {text}, {told}");
            var json = JsonElement.Parse(text);
            Guid[] ids = !answer.IsSuccessStatusCode ? []
                : answer.StatusCode != HttpStatusCode.MultiStatus ? [json.GetProperty("id").GetGuid()]
                : [.. json.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("job").GetProperty("id").GetGuid())];
            Assert.True(ids.Length > 0 || json.GetProperty("detail").GetString() is { Length: > 0 }, $"{text}, {told}");
            foreach (Guid id in ids)
            {
                JobView job = await service.Api.WhenFinalAtLastAsync(id);
                Assert.True(job.Records.Read == job.Records.Loaded + job.Records.Rejected, $"{job.Records}, {told}");
            }

            (taken, jobs) = (taken + (ids.Length > 0 ? 1 : 0), jobs + ids.Length);
        }

        await service.WhenDoneWithRequestsAsync();
        Assert.Equal(jobs, await service.CountJobsAsync(Dataset));
        await service.AssertNextIsLoadedAsync(await AfterwardsAsync());
        service.AssertSpoolIsEmpty();
        run.Tell($"forms, of which {taken} were taken", BytesLeftMax);
    }

    private async Task<string> AfterwardsAsync()
    {
        await service.Api.DeclareAsync("after_any_form", Readings.Definition());
        return "after_any_form";
    }

    private static byte[] FormOf(Random random)
    {
        StringBuilder form = new();
        for (int parts = random.Next(1, 4); parts > 0; parts--)
        {
            form.Append("--x\r\nContent-Disposition: form-data; name=f; filename=").Append(random.Next(3)).Append(".csv\r\n")
                .Append(random.Next(2) == 0 ? "Content-Type: text/csv\r\n" : "").Append("\r\nid,note\n1,a\n2,b\n\r\n");
        }

        form.Append("--x--\r\n");
        for (int changes = random.Next(4); changes > 0; changes--)
        {
            int at = random.Next(form.Length), end = Math.Min(form.Length, at + random.Next(30));
            _ = random.Next(5) switch
            {
                0 => form.Remove(at, end - at),
                1 => form.Insert(at, form.ToString(at, end - at)),
                2 when random.Next(3) == 0 => form.Remove(at, form.Length - at),
                _ => form.Insert(at, Tokens[random.Next(Tokens.Length)]),
            };
            if (form.Length == 0)
            {
                break;
            }
        }

        return Encoding.UTF8.GetBytes(form.ToString());
    }
}
