using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Enrich;
using PipelineService.Tests.Infrastructure;
using PipelineService.Transform.Enrichment;

namespace PipelineService.Tests.Transform.Enrichment;

/// <summary>One service, asked by many, in a time that is moved by hand.</summary>
public sealed class ServiceClientTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeService _service = new();
    private ServiceClient? _client;

    public void Dispose()
    {
        _client?.Dispose();
        _service.Dispose();
    }

    [Fact]
    public async Task Each_thing_is_asked_once_in_calls_of_as_much_as_one_may_have()
    {
        Start(new() { BatchMax = 10, Concurrency = 3, PerSecond = 1_000 });
        string[] keys = [.. Enumerable.Range(0, 95).Select(i => $"k{i}")];

        string[][] answers = await RunAsync(Task.WhenAll(AskAsync(keys), AskAsync(keys[..50]), AskAsync([.. keys.Reverse()])));

        Assert.Equal(keys.Select(key => $"of {key}"), answers[0]);
        Assert.Equal(keys[..50].Select(key => $"of {key}"), answers[1]);
        Assert.Equal(keys.Reverse().Select(key => $"of {key}"), answers[2]);
        Assert.Equal(10, _service.Calls.Count);
        Assert.Equal(keys.Order(), _service.Calls.SelectMany(call => call).Order());
        Assert.True(_service.RunningMost <= 3);
        await RunAsync(AskAsync(keys));
        Assert.Equal(10, _service.Calls.Count);
    }

    /// <summary>Outputs for long, what is unknown for short, errors never; past their time they serve while there is nothing better.</summary>
    [Fact]
    public async Task Answers_are_remembered_for_as_long_as_is_said_and_faults_never()
    {
        Start(new() { CacheFor = TimeSpan.FromMinutes(10), CacheMissingFor = TimeSpan.FromMinutes(1), StaleFor = TimeSpan.FromHours(1), Retries = 0 });
        string[] keys = ["good", "missing", "error"];
        Assert.Equal(["of good", "EnrichmentMissing", "EnrichmentFailed"], await RunAsync(AskAsync(keys)));
        Assert.Equal(2, _client!.CacheCount);

        await RunAsync(AskAsync(keys));
        Assert.Equal(["error"], _service.Calls[^1]);

        _time.Advance(TimeSpan.FromMinutes(2));
        await RunAsync(AskAsync(keys));
        Assert.Equal(["missing", "error"], _service.Calls[^1]);

        _time.Advance(TimeSpan.FromMinutes(9));
        _service.Answer = _ => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        Assert.Equal(["of good", "EnrichmentMissing", "EnrichmentStatus"], await RunAsync(AskAsync(keys)));
        Assert.Equal(2, _client.CacheCount);

        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(["EnrichmentStatus", "EnrichmentStatus", "EnrichmentStatus"], await RunAsync(AskAsync(keys)));
        Assert.Equal((0, 0), (_client.CacheCount, _client.CacheBytes));
    }

    [Fact]
    public async Task Remembered_answers_take_no_more_memory_than_they_may()
    {
        Start(new() { CacheBytes = 20_000, PerSecond = 10_000, BatchMax = 10 });
        for (int i = 0; i < 20; i++)
        {
            await RunAsync(AskAsync([.. Enumerable.Range(i * 10, 10).Select(key => $"key number {key}")]));
            Assert.InRange(_client!.CacheBytes, 1, 20_000);
        }

        Assert.InRange(_client!.CacheCount, 20, 90);
        int calls = _service.Calls.Count;
        await RunAsync(AskAsync(["key number 199"]));
        Assert.Equal(calls, _service.Calls.Count);
        await RunAsync(AskAsync(["key number 0"]));
        Assert.Equal(calls + 1, _service.Calls.Count);
    }

    /// <summary>Tries that fail are tried again, as late as the service says, and all of them count among those of a second.</summary>
    [Fact]
    public async Task What_may_pass_is_tried_again_within_the_rate()
    {
        Start(new() { Retries = 3, PerSecond = 2 });
        _service.Answer = call => call.Number switch
        {
            1 => new HttpResponseMessage(HttpStatusCode.TooManyRequests) { Headers = { RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(4)) } },
            2 => throw new HttpRequestException("gone"),
            3 => new HttpResponseMessage(HttpStatusCode.BadGateway),
            _ => null,
        };

        Assert.Equal(["of a"], await RunAsync(AskAsync(["a"])));

        Assert.Equal(4, _service.Calls.Count);
        Assert.True(_service.Times[1] - _service.Times[0] >= TimeSpan.FromSeconds(4));
        Assert.True(_service.Times[3] - _service.Times[1] >= TimeSpan.FromSeconds(1), "three calls within a second");
    }

    /// <summary>Two calls in a row without an answer: nobody calls for a while, and then one alone.</summary>
    [Fact]
    public async Task Who_is_away_is_left_alone_and_found_again_by_one_call()
    {
        Start(new() { Retries = 1, BatchMax = 1, Concurrency = 4, PerSecond = 1_000 });
        _service.Answer = _ => new HttpResponseMessage(HttpStatusCode.InternalServerError);
        string[] many = [.. Enumerable.Range(0, 200).Select(i => $"k{i}")];

        Assert.All(await RunAsync(AskAsync(many)), answer => Assert.Equal("EnrichmentStatus", answer));
        int calls = _service.Calls.Count;
        Assert.InRange(calls, 4, 16);
        Assert.Equal(1, _client!.Circuit.State);
        Assert.All(await RunAsync(AskAsync(many)), answer => Assert.Equal("EnrichmentStatus", answer));
        Assert.Equal(calls, _service.Calls.Count);
        EnrichmentAwaitedException away = await Assert.ThrowsAsync<EnrichmentAwaitedException>(
            () => _client.AwaitAsync(TestContext.Current.CancellationToken));
        Assert.Equal(RecordErrorCode.EnrichmentStatus, away.Reason);

        _time.Advance(away.Pause);
        Assert.Equal(2, _client.Circuit.State);
        await Assert.ThrowsAsync<EnrichmentAwaitedException>(() => RunAsync(AwaitAsync()));
        Assert.Equal(calls + 2, _service.Calls.Count);

        _service.Answer = null;
        _time.Advance(TimeSpan.FromMinutes(1));
        await RunAsync(AwaitAsync());
        Assert.Equal((0, RecordErrorCode.None), (_client.Circuit.State, _client.Circuit.Fault));
        Assert.Equal(many.Select(key => $"of {key}"), await RunAsync(AskAsync(many)));
    }

    [Fact]
    public async Task Who_wants_to_be_left_alone_for_long_is()
    {
        Start(new() { Retries = 3 });
        _service.Answer = _ => new HttpResponseMessage(HttpStatusCode.TooManyRequests)
        {
            Headers = { RetryAfter = new RetryConditionHeaderValue(_time.GetUtcNow() + TimeSpan.FromMinutes(2)) },
        };

        Assert.Equal(["EnrichmentStatus"], await RunAsync(AskAsync(["a"])));
        Assert.InRange(_client!.Circuit.Pause, TimeSpan.FromSeconds(110), TimeSpan.FromSeconds(120));
        Assert.Equal(["EnrichmentStatus"], await RunAsync(AskAsync(["b"])));
        Assert.Single(_service.Calls);
    }

    /// <summary>A question that the service cannot bear costs its neighbours calls, and not their answers.</summary>
    [Theory]
    [InlineData("garbage", "EnrichmentMalformed")]
    [InlineData("ids", "EnrichmentWrongIds")]
    [InlineData("huge", "EnrichmentTooLarge")]
    [InlineData("refused", "EnrichmentStatus")]
    [InlineData("moved", "EnrichmentStatus")]
    public async Task A_question_that_spoils_an_answer_costs_itself_alone(string poison, string code)
    {
        Start(new() { AnswerBytesMax = 4_096, PerSecond = 1_000, Retries = 3 });
        _service.Answer = call => !call.Keys.Contains("k37") ? null : poison switch
        {
            "garbage" => Text("<html>oops</html>"),
            "ids" => Text("""{"items":[{"id":999,"output":1}]}"""),
            "huge" => new HttpResponseMessage { Content = new StreamContent(new EndlessStream()) },
            "moved" => new HttpResponseMessage(HttpStatusCode.Found) { Headers = { Location = new Uri("http://127.0.0.1/elsewhere") } },
            _ => new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new StringContent("no") },
        };
        string[] keys = [.. Enumerable.Range(0, 64).Select(i => $"k{i}")];

        string[] answers = await RunAsync(AskAsync(keys));

        Assert.Equal(keys.Select(key => key == "k37" ? code : $"of {key}"), answers);
        Assert.InRange(_service.Calls.Count, 7, 13);
        Assert.Equal(63, _client!.CacheCount);
        Assert.Equal(0, _client.Circuit.State);
    }

    /// <summary>Calls that are never answered end by themselves, also in the middle of an answer.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_that_does_not_come_is_waited_for_no_longer_than_it_may_take(bool begins)
    {
        Start(new() { Retries = 0, Timeout = TimeSpan.FromSeconds(2) });
        _service.Answer = _ => begins ? new HttpResponseMessage { Content = new StreamContent(new StuckStream()) } : null;
        _service.Hangs = !begins;

        Assert.Equal(["EnrichmentTimeout"], await RunAsync(AskAsync(["a"])));
        Assert.Equal(0, _client!.CacheCount);
    }

    /// <summary>A job that has gone leaves no questions behind that cost calls.</summary>
    [Fact]
    public async Task What_nobody_waits_for_is_not_asked()
    {
        Start(new() { BatchMax = 1, Concurrency = 1, PerSecond = 1_000 });
        _service.Hangs = true;
        using CancellationTokenSource gone = new();
        Task<string[]> asking = AskAsync([.. Enumerable.Range(0, 50).Select(i => $"k{i}")], token: gone.Token);
        await _service.Called;
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        _service.Hangs = false;

        Assert.Equal(["of other"], await RunAsync(AskAsync(["other"])));
        Assert.InRange(_service.Calls.Count, 2, 3);
    }

    [Theory]
    [InlineData("http://geo/look/{ip}?v=1", "http://geo/look/a%2Fb%20%C3%BC?v=1", HttpStatusCode.OK, "\"x\"", "\"x\"")]
    [InlineData("http://geo/look", "http://geo/look?ip=a%2Fb%20%C3%BC", HttpStatusCode.NotFound, "nothing", "EnrichmentMissing")]
    [InlineData("http://geo/look", "http://geo/look?ip=a%2Fb%20%C3%BC", HttpStatusCode.OK, "null", "EnrichmentMissing")]
    [InlineData("http://geo/look", "http://geo/look?ip=a%2Fb%20%C3%BC", HttpStatusCode.BadRequest, "no such", "EnrichmentFailed")]
    [InlineData("http://geo/look", "http://geo/look?ip=a%2Fb%20%C3%BC", HttpStatusCode.OK, "{", "EnrichmentMalformed")]
    public async Task One_by_one_it_is_asked_by_its_address(string url, string asked, HttpStatusCode status, string body, string answer)
    {
        Start(new() { Mode = ServiceMode.Get, Url = new Uri(url), Secret = "KEY", SecretHeader = "X-Key" }, secret: "s3cret");
        _service.Answer = call => new HttpResponseMessage(status) { Content = new StringContent(body) };

        Assert.Equal([answer], await RunAsync(AskAsync(["a/b ü"])));
        Assert.Equal(asked, _service.Requests[0].RequestUri!.AbsoluteUri);
        Assert.Equal(["s3cret"], _service.Requests[0].Headers.GetValues("X-Key"));
    }

    private static HttpResponseMessage Text(string text) => new() { Content = new StringContent(text) };

    private void Start(ServiceOptions options, string? secret = null)
    {
        options.Url ??= new Uri("http://geo/");
        _service.Time = _time;
        _client = new ServiceClient(
            "geo", options, new ServiceTransport(options, secret, _time, _service), new ServiceFigures("geo", metrics: null), _time);
    }

    private async Task<string[]> AskAsync(
        string[] keys, OnUnavailable unavailable = OnUnavailable.Reject, CancellationToken? token = null)
    {
        IReadOnlyList<ServiceAnswer> answers = await _client!.AskAsync(
            new ServiceUse(0, "geo", [], unavailable),
            [.. keys.Select(key => JsonSerializer.SerializeToUtf8Bytes(new { ip = key }))],
            token ?? TestContext.Current.CancellationToken);
        return
        [
            .. answers.Select(answer => answer.Output is not { } output ? answer.Code.ToString()
                : JsonElement.Parse(output) is { ValueKind: JsonValueKind.Object } read ? read.GetProperty("city").GetString()!
                : Encoding.UTF8.GetString(output)),
        ];
    }

    private async Task<int> AwaitAsync()
    {
        await _client!.AwaitAsync(TestContext.Current.CancellationToken);
        return 0;
    }

    private Task<T> RunAsync<T>(Task<T> asking) =>
        _time.AdvanceUntilAsync(asking, TimeSpan.FromMilliseconds(100)).Within("the service to be asked");

    /// <summary>What was called: the how manieth call with which keys.</summary>
    private sealed record FakeCall(int Number, string[] Keys);

    /// <summary>Answers each question with its key, unless it is told otherwise.</summary>
    private sealed class FakeService : HttpMessageHandler
    {
        private readonly TaskCompletionSource _called = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _lock = new();
        private int _running;

        public FakeTimeProvider Time { get; set; } = new();

        public List<string[]> Calls { get; } = [];

        public List<DateTimeOffset> Times { get; } = [];

        public List<HttpRequestMessage> Requests { get; } = [];

        public int RunningMost { get; private set; }

        /// <summary>Null, or a null of it: as usual.</summary>
        public Func<FakeCall, HttpResponseMessage?>? Answer { get; set; }

        public bool Hangs { get; set; }

        public Task Called => _called.Task;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string[] keys = request.Content is null ? [] : KeysOf(await request.Content.ReadAsStringAsync(cancellationToken));
            FakeCall call;
            lock (_lock)
            {
                Calls.Add(keys);
                Times.Add(Time.GetUtcNow());
                Requests.Add(request);
                RunningMost = Math.Max(RunningMost, ++_running);
                call = new FakeCall(Calls.Count, keys);
            }

            _called.TrySetResult();
            try
            {
                if (Hangs)
                {
                    await Task.Delay(TimeSpan.FromDays(1), Time, cancellationToken);
                }

                return Answer?.Invoke(call) ?? Text($$"""{"items":[{{string.Join(',', keys.Select(Of))}}]}""");
            }
            finally
            {
                lock (_lock)
                {
                    _running--;
                }
            }
        }

        private static string[] KeysOf(string body) =>
            [.. JsonElement.Parse(body).GetProperty("items").EnumerateArray().Select(item => item.GetProperty("input").GetProperty("ip").GetString()!)];

        private static string Of(string key, int id) => key switch
        {
            "missing" => $$"""{"id":{{id}},"output":null}""",
            "error" => $$"""{"id":{{id}},"error":"no"}""",
            _ => $$$"""{"id":{{{id}}},"output":{"city":"of {{{key}}}"}}""",
        };
    }

    /// <summary>Never ends: ten gigabytes would be less.</summary>
    private sealed class EndlessStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)' ');
            return ValueTask.FromResult(buffer.Length);
        }
    }

    /// <summary>Begins, and then nothing comes.</summary>
    private sealed class StuckStream : MemoryStream
    {
        private bool _hasBegun;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_hasBegun)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }

            _hasBegun = true;
            buffer.Span[0] = (byte)'{';
            return 1;
        }
    }
}
