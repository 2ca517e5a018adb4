using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using PipelineService.Tests.Access;
using PipelineService.Tests.Events;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// A client that follows a view as the documentation says: reads it when it is told to, and then puts each group that it is told of in its
/// place. Where the stream ends it begins anew, at the next instance.
/// </summary>
internal sealed class ViewFollower : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(15) };
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly ConcurrentDictionary<string, string> _groups = new();
    private readonly string _path;
    private readonly string _key;
    private readonly Task _following;

    /// <param name="key">The field by which its rows are told apart.</param>
    public ViewFollower(Field field, string dataset, string view, string key)
    {
        (_path, _key) = ($"/v1/datasets/{dataset}/views/{view}", key);
        _following = Task.Run(() => FollowAsync(field));
    }

    /// <summary>The groups as they are known here, each as JSON.</summary>
    public IReadOnlySet<string> Groups => _groups.Values.ToHashSet(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task FollowAsync(Field field)
    {
        for (int turn = 0; !_stop.IsCancellationRequested; turn++)
        {
            try
            {
                await ListenAsync(field.AddressOf(turn));
            }
            catch (Exception e) when (e is HttpRequestException or IOException or SocketException or OperationCanceledException)
            {
                // It has died, is not ready, or was told to end.
            }

            await Task.Delay(Pause, TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task ListenAsync(Uri instance)
    {
        using HttpResponseMessage response = await AskAsync(instance, _path, "text/event-stream");
        using SseClient stream = new(response, new StreamReader(await response.Content.ReadAsStreamAsync(_stop.Token)));
        while (await stream.NextAsync().WaitAsync(_stop.Token) is { } one)
        {
            if (one.Type == "reset")
            {
                await ReadAsync(instance);
                continue;
            }

            var change = JsonElement.Parse(one.Data);
            foreach (JsonElement group in change.GetProperty("groups").EnumerateArray())
            {
                _groups[KeyOf(group)] = group.GetRawText();
            }

            foreach (JsonElement gone in change.GetProperty("gone").EnumerateArray())
            {
                _groups.TryRemove(KeyOf(gone), out _);
            }
        }
    }

    private async Task ReadAsync(Uri instance)
    {
        HashSet<string> seen = [];
        string? cursor = null;
        do
        {
            using HttpResponseMessage answer = await AskAsync(
                instance, $"{_path}?limit=1000{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}", "application/json");
            var page = JsonElement.Parse(await answer.Content.ReadAsStringAsync(_stop.Token));
            foreach (JsonElement group in page.GetProperty("items").EnumerateArray())
            {
                seen.Add(KeyOf(group));
                _groups[KeyOf(group)] = group.GetRawText();
            }

            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);

        foreach (string key in _groups.Keys.Except(seen).ToArray())
        {
            _groups.TryRemove(key, out _);
        }
    }

    private async Task<HttpResponseMessage> AskAsync(Uri instance, string path, string form)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(instance, path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(form));
        FieldKeys.Authorize(request, GuardedService.AdminKey);
        HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _stop.Token);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw new HttpRequestException($"{path}: {(int)response.StatusCode}");
        }
    }

    private string KeyOf(JsonElement group) => group.GetProperty(_key).GetRawText();
}
