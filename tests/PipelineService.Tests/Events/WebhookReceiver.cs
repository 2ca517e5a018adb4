using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Events;

/// <summary>A request that a receiver got.</summary>
/// <param name="Path">Which of its addresses.</param>
internal sealed record Delivered(string Path, string Id, long Timestamp, string Signature, byte[] Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonNode Event => JsonNode.Parse(Body)!;

    /// <summary>Whether it is signed with the secret, as Standard Webhooks says: computed here by itself.</summary>
    public bool IsSignedWith(string secret)
    {
        byte[] key = Convert.FromBase64String(secret["whsec_".Length..]);
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{Id}.{Timestamp.ToString(CultureInfo.InvariantCulture)}."), .. Body];
        return Signature.Split(' ').Contains("v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed)));
    }
}

/// <summary>Whoever receives deliveries: keeps all of them, and answers as it is told to.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebhookReceiver(WebApplication app) => _app = app;

    public ConcurrentQueue<Delivered> Received { get; } = new();

    /// <summary>What is answered, by path; 204 where nothing is said.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Answers { get; } = new();

    public string Address => _app.Urls.First();

    public static async Task<WebhookReceiver> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        WebhookReceiver receiver = new(app);
        app.Run(receiver.ReceiveAsync);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>What came to an address, when there are so many.</summary>
    public async Task<Delivered[]> WhenAsync(string path, int count)
    {
        Delivered[] came = [];
        await BoundedWait.UntilAsync(
            $"{count} deliveries to {path}", () => (came = [.. Received.Where(delivered => delivered.Path == path)]).Length >= count);
        return came;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        Received.Enqueue(new Delivered(
            context.Request.Path,
            context.Request.Headers["webhook-id"].ToString(),
            long.Parse(context.Request.Headers["webhook-timestamp"].ToString(), CultureInfo.InvariantCulture),
            context.Request.Headers["webhook-signature"].ToString(),
            body.ToArray(),
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        await (Answers.TryGetValue(context.Request.Path, out Func<HttpContext, Task>? answer) ? answer(context) : Task.CompletedTask);
    }
}
