using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Enrich;

namespace PipelineService.Transform.Enrichment;

/// <summary>
/// One service, for all jobs: what is asked is answered from memory where it can be, asked once however many wait for it, put together
/// into calls of as much as one may have, and asked no faster than the service bears.
/// </summary>
internal sealed class ServiceClient : IDisposable
{
    /// <summary>
    /// Calls that a call may become whose answer is wrong: its questions are parted again and again, so that one that the service
    /// cannot bear does not cost the others.
    /// </summary>
    private const int PartsMax = 40;

    private readonly ServiceOptions _options;
    private readonly ServiceTransport _transport;
    private readonly ServiceFigures _figures;
    private readonly CallRate _rate;
    private readonly AnswerCache _cache;
    private readonly int _batchMax;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<byte[], OpenQuestion> _open = new(ByteKeys.Comparer);

    /// <summary>No more than the chunks that may wait have asked.</summary>
    private readonly Queue<OpenQuestion> _pending = new();

    private byte[]? _probe;
    private int _senders;
    private int _unladen;

    public ServiceClient(string name, ServiceOptions options, ServiceTransport transport, ServiceFigures figures, TimeProvider time)
    {
        (Name, _options, _transport, _figures) = (name, options, transport, figures);
        _batchMax = options.Mode == ServiceMode.Get ? 1 : options.BatchMax;
        _rate = new CallRate(options.PerSecond, time);
        _cache = new AnswerCache(options, time);
        Circuit = new ServiceCircuit(options, time, figures.Retried);
    }

    public string Name { get; }

    public ServiceCircuit Circuit { get; }

    /// <summary>Bytes that remembered answers take.</summary>
    public long CacheBytes
    {
        get
        {
            lock (_lock)
            {
                return _cache.Bytes;
            }
        }
    }

    /// <summary>Remembered answers.</summary>
    public int CacheCount
    {
        get
        {
            lock (_lock)
            {
                return _cache.Count;
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _transport.Dispose();
        _rate.Dispose();
        _stop.Dispose();
    }

    /// <summary>Asks before a job begins whose every question must be answered: where the last call failed, with a question of that one.</summary>
    /// <exception cref="EnrichmentAwaitedException">The service gives no answer.</exception>
    public async Task AwaitAsync(CancellationToken cancellationToken)
    {
        byte[]? probe;
        lock (_lock)
        {
            probe = _probe;
        }

        if (probe is null)
        {
            return;
        }

        if (Circuit.Pause is { Ticks: > 0 } pause)
        {
            throw new EnrichmentAwaitedException(Name, Circuit.Fault, pause);
        }

        await AskAsync(new ServiceUse(-1, Name, [], OnUnavailable.Wait), [probe], cancellationToken);
    }

    /// <inheritdoc cref="AskService"/>
    /// <exception cref="EnrichmentAwaitedException">There is no answer, and the op waits for one.</exception>
    public async Task<IReadOnlyList<ServiceAnswer>> AskAsync(
        ServiceUse use, IReadOnlyList<byte[]> inputs, CancellationToken cancellationToken)
    {
        var answers = new ServiceAnswer[inputs.Count];
        var stale = new ServiceAnswer?[inputs.Count];
        List<(int Place, OpenQuestion Question)> asked = Open(inputs, answers, stale);
        if (asked.Count > 0)
        {
            try
            {
                await Task.WhenAll(asked.Select(open => open.Question.Answer)).WaitAsync(cancellationToken);
            }
            finally
            {
                lock (_lock)
                {
                    asked.ForEach(open => open.Question.Waiting--);
                }
            }

            foreach ((int place, OpenQuestion question) in asked)
            {
                answers[place] = await question.Answer;
            }
        }

        int old = 0;
        RecordErrorCode fault = RecordErrorCode.None;
        for (int i = 0; i < answers.Length; i++)
        {
            if (!answers[i].IsAnswer && stale[i] is { } before)
            {
                answers[i] = before;
                old++;
            }

            fault = answers[i].IsAnswer ? fault : answers[i].Code;
        }

        _figures.Answered(fresh: inputs.Count - asked.Count, asked.Count - old, old);
        return fault == RecordErrorCode.None || use.Unavailable != OnUnavailable.Wait
            ? answers
            : throw new EnrichmentAwaitedException(Name, fault, Circuit.Pause);
    }

    /// <summary>Answers what is known, and puts the rest among what is to be asked.</summary>
    private List<(int Place, OpenQuestion Question)> Open(
        IReadOnlyList<byte[]> inputs, ServiceAnswer[] answers, ServiceAnswer?[] stale)
    {
        List<(int, OpenQuestion)> asked = [];
        bool isClosed = Circuit.State == 1;
        lock (_lock)
        {
            for (int i = 0; i < inputs.Count; i++)
            {
                if (_cache.TryGet(inputs[i], out ServiceAnswer known, out bool isFresh))
                {
                    stale[i] = known;
                }

                if (isFresh)
                {
                    answers[i] = known;
                    continue;
                }

                if (!_open.TryGetValue(inputs[i], out OpenQuestion? question))
                {
                    question = new OpenQuestion(inputs[i]);
                    if (isClosed)
                    {
                        question.Settle(new ServiceAnswer(Circuit.Fault)); // nobody calls now
                    }
                    else
                    {
                        _open.Add(inputs[i], question);
                        _pending.Enqueue(question);
                    }
                }

                question.Waiting++;
                asked.Add((i, question));
            }
        }

        StartSenders();
        return asked;
    }

    /// <summary>As many as may call at once and have something to call for; one alone while it is not known whether that succeeds.</summary>
    private void StartSenders()
    {
        lock (_lock)
        {
            int max = Circuit.State == 0 ? _options.Concurrency : 1;
            while (_senders < max && _pending.Count > _unladen * _batchMax)
            {
                _senders++;
                _unladen++;
                _ = Task.Run(SendAsync, CancellationToken.None);
            }
        }
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "Whatever it is, those who wait are told.")]
    private async Task SendAsync()
    {
        OpenQuestion[] batch = [];
        bool isUnladen = true;
        try
        {
            while (true)
            {
                // Permitted first, filled then: what is asked meanwhile comes along.
                using (var permit = await _rate.AcquireAsync(1, _stop.Token))
                {
                    isUnladen = false;
                    batch = Load();
                    if (batch.Length == 0)
                    {
                        return;
                    }

                    await CallAsync(batch, permit);
                }

                lock (_lock)
                {
                    if (_pending.Count == 0)
                    {
                        _senders--;
                        return;
                    }

                    _unladen++;
                    isUnladen = true;
                }

                batch = [];
                StartSenders();
            }
        }
        catch (Exception e)
        {
            lock (_lock)
            {
                _senders--;
                _unladen -= isUnladen ? 1 : 0;
                foreach (OpenQuestion question in batch)
                {
                    _open.Remove(question.Input);
                }
            }

            Array.ForEach(batch, question => question.Fail(e));
            if (!_stop.IsCancellationRequested)
            {
                StartSenders();
            }
        }
    }

    /// <summary>The next questions for which somebody still waits; none when there are none: then the sender is gone.</summary>
    private OpenQuestion[] Load()
    {
        lock (_lock)
        {
            _unladen--;
            List<OpenQuestion> batch = [];
            while (batch.Count < _batchMax && _pending.TryDequeue(out OpenQuestion? question))
            {
                if (question.Waiting > 0)
                {
                    batch.Add(question);
                }
                else
                {
                    _open.Remove(question.Input);
                }
            }

            _senders -= batch.Count == 0 ? 1 : 0;
            return [.. batch];
        }
    }

    private async Task CallAsync(OpenQuestion[] batch, IDisposable permit)
    {
        int calls = 0;
        Stack<ArraySegment<OpenQuestion>> parts = new([batch]);
        while (parts.TryPop(out ArraySegment<OpenQuestion> part))
        {
            byte[][] inputs = [.. part.Select(question => question.Input)];
            CallOutcome outcome = await Circuit.RunAsync(
                async token =>
                {
                    if (calls++ == 0)
                    {
                        return await TryAsync(inputs, permit, token);
                    }

                    using var next = await _rate.AcquireAsync(1, token);
                    return await TryAsync(inputs, next, token);
                },
                _stop.Token);
            if (outcome is { Fault: not RecordErrorCode.None, MayPass: false } && part.Count > 1 && calls < PartsMax)
            {
                int half = part.Count / 2;
                parts.Push(part[half..]);
                parts.Push(part[..half]);
                continue;
            }

            Settle(part, outcome);
        }
    }

    private async ValueTask<CallOutcome> TryAsync(byte[][] inputs, IDisposable permit, CancellationToken cancellationToken)
    {
        using (permit)
        {
            CallOutcome outcome = await _transport.TryAsync(inputs, cancellationToken);
            _figures.Called(outcome.Fault == RecordErrorCode.None ? "answered" : RecordErrorCodes.NameOf(outcome.Fault));
            return outcome;
        }
    }

    private void Settle(ArraySegment<OpenQuestion> part, CallOutcome outcome)
    {
        bool isClosed = Circuit.State == 1;
        List<OpenQuestion> given = [];
        lock (_lock)
        {
            _probe = outcome.Fault == RecordErrorCode.None ? null : outcome.MayPass ? part[0].Input : _probe;
            for (int i = 0; i < part.Count; i++)
            {
                if (outcome.Fault == RecordErrorCode.None)
                {
                    _cache.Keep(part[i].Input, outcome.Answers[i]);
                }

                _open.Remove(part[i].Input);
            }

            while (isClosed && _pending.TryDequeue(out OpenQuestion? waiting))
            {
                _open.Remove(waiting.Input);
                given.Add(waiting);
            }
        }

        for (int i = 0; i < part.Count; i++)
        {
            part[i].Settle(outcome.Fault == RecordErrorCode.None
                ? outcome.Answers[i]
                : new ServiceAnswer(outcome.Fault, Excerpt: outcome.Excerpt));
        }

        given.ForEach(question => question.Settle(new ServiceAnswer(outcome.Fault, Excerpt: outcome.Excerpt)));
    }
}

/// <summary>A question that is being asked, and those who wait for its answer.</summary>
internal sealed class OpenQuestion(byte[] input)
{
    private readonly TaskCompletionSource<ServiceAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public byte[] Input { get; } = input;

    public Task<ServiceAnswer> Answer => _answer.Task;

    /// <summary>How many wait. Without any it is not asked.</summary>
    public int Waiting { get; set; }

    public void Settle(ServiceAnswer answer) => _answer.TrySetResult(answer);

    public void Fail(Exception error) => _answer.TrySetException(error);
}
