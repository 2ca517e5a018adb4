using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PipelineService.Tests.Sources.Buckets;

/// <summary>
/// An S3-compatible store with one bucket, as far as a source uses it: pages of three keys, conditions by ETag, copies. It counts its calls
/// and fails when it is told to.
/// </summary>
internal sealed class StubStore : IAsyncDisposable
{
    public const string Bucket = "incoming";
    private const int PageMax = 3;

    private readonly WebApplication _app;
    private readonly SortedDictionary<string, (byte[] Bytes, DateTimeOffset At)> _objects = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private StubStore(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>What the next calls are answered with, while it is set.</summary>
    public HttpStatusCode? Failing { get; set; }

    /// <summary>What a listing is answered with, while it is set.</summary>
    public string? Listing { get; set; }

    /// <summary>What is done when an object is about to be sent.</summary>
    public Func<string, HttpContext, Task>? Sending { get; set; }

    public static async Task<StubStore> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        StubStore store = new(app);
        app.Run(store.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return store;
    }

    public void Put(string key, string text)
    {
        lock (_lock)
        {
            _objects[key] = (Encoding.UTF8.GetBytes(text), TimeProvider.System.GetUtcNow());
        }
    }

    public string[] Keys
    {
        get
        {
            lock (_lock)
            {
                return [.. _objects.Keys];
            }
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static string ETagOf(byte[] bytes) => $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\"";

    private async Task AnswerAsync(HttpContext context)
    {
        string raw = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget.Split('?')[0];
        string key = Uri.UnescapeDataString(raw[$"/{Bucket}".Length..].TrimStart('/'));
        Calls.Enqueue($"{context.Request.Method} {key}{context.Request.QueryString}");
        if (Failing is { } status)
        {
            context.Response.StatusCode = (int)status;
            await context.Response.WriteAsync("<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>");
            return;
        }

        Task answer = (context.Request.Method, key) switch
        {
            ("GET", "") => ListAsync(context),
            ("PUT", _) => CopyAsync(context, key),
            ("DELETE", _) => DeleteAsync(context, key),
            _ => SendAsync(context, key),
        };
        await answer;
    }

    private async Task ListAsync(HttpContext context)
    {
        if (Listing is { } listing)
        {
            await context.Response.WriteAsync(listing);
            return;
        }

        string prefix = context.Request.Query["prefix"].ToString();
        string after = context.Request.Query["continuation-token"].ToString();
        KeyValuePair<string, (byte[] Bytes, DateTimeOffset At)>[] found;
        lock (_lock)
        {
            found = [.. _objects.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(pair.Key, after) > 0).Take(PageMax + 1)];
        }

        StringBuilder page = new("""<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">""");
        foreach ((string key, (byte[] bytes, DateTimeOffset at)) in found.Take(PageMax))
        {
            page.Append(CultureInfo.InvariantCulture, $"<Contents><Key>{Uri.EscapeDataString(key)}</Key><LastModified>{at:O}</LastModified>");
            page.Append(CultureInfo.InvariantCulture, $"<ETag>{ETagOf(bytes).Replace("\"", "&quot;", StringComparison.Ordinal)}</ETag><Size>{bytes.Length}</Size></Contents>");
        }

        bool isMore = found.Length > PageMax;
        page.Append(CultureInfo.InvariantCulture, $"<IsTruncated>{(isMore ? "true" : "false")}</IsTruncated>");
        page.Append(isMore ? $"<NextContinuationToken>{System.Security.SecurityElement.Escape(found[PageMax - 1].Key)}</NextContinuationToken>" : "");
        await context.Response.WriteAsync(page.Append("</ListBucketResult>").ToString());
    }

    private async Task SendAsync(HttpContext context, string key)
    {
        if (Sending is { } sending && context.Request.Method == "GET")
        {
            await sending(key, context);
        }

        (byte[] Bytes, DateTimeOffset At) found;
        lock (_lock)
        {
            _objects.TryGetValue(key, out found);
        }

        if (!IsGood(context, found.Bytes, context.Request.Headers.IfMatch.ToString()))
        {
            return;
        }

        context.Response.Headers.ETag = ETagOf(found.Bytes);
        context.Response.ContentLength = found.Bytes.Length;
        if (context.Request.Method == "GET")
        {
            await context.Response.Body.WriteAsync(found.Bytes);
        }
    }

    private async Task CopyAsync(HttpContext context, string to)
    {
        string from = Uri.UnescapeDataString(context.Request.Headers["x-amz-copy-source"].ToString())[$"/{Bucket}/".Length..];
        (byte[] Bytes, DateTimeOffset At) found;
        lock (_lock)
        {
            _objects.TryGetValue(from, out found);
        }

        if (IsGood(context, found.Bytes, context.Request.Headers["x-amz-copy-source-if-match"].ToString()))
        {
            lock (_lock)
            {
                _objects[to] = found;
            }

            await context.Response.WriteAsync($"<CopyObjectResult><ETag>{ETagOf(found.Bytes).Replace("\"", "&quot;", StringComparison.Ordinal)}</ETag></CopyObjectResult>");
        }
    }

    private Task DeleteAsync(HttpContext context, string key)
    {
        lock (_lock)
        {
            _objects.Remove(key);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static bool IsGood(HttpContext context, byte[]? bytes, string condition)
    {
        context.Response.StatusCode = bytes is null ? StatusCodes.Status404NotFound
            : condition.Length > 0 && condition != ETagOf(bytes) ? StatusCodes.Status412PreconditionFailed
            : StatusCodes.Status200OK;
        return context.Response.StatusCode == StatusCodes.Status200OK;
    }
}
