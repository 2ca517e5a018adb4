using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;
using PipelineService.Sources.Queues;

namespace PipelineService.Sources.Requests;

/// <summary>What is said of a stream of messages. Whether it is there is seen when it is read.</summary>
internal static class QueueBody
{
    private const string Expected = "Must be an object with \"broker\" and \"stream\": say whose messages are to be taken.";
    private const string ContentType = "contentType";

    /// <returns>Null when something is wrong with it, which is among the faults of the body then.</returns>
    public static QueueSettings? Read(JsonBody body, SourcesOptions options)
    {
        if (body.Text(ContentType) is not null)
        {
            body.Add(ContentType, "A message is a JSON object: leave it out.");
        }

        if (body.Part(SourceKinds.Queue, Expected) is not { } queue)
        {
            body.Add(SourceKinds.Queue, Expected);
            return null;
        }

        queue.CheckMembers("broker", "stream", "subject", "from", "messages", "bytes", "wait");
        string name = BrokerOf(queue, options);
        BrokerOptions? broker = options.Brokers.GetValueOrDefault(name);
        return new QueueSettings(
            name,
            StreamOf(queue, broker),
            SubjectOf(queue, broker),
            queue.WholeNumber("from", 0, long.MaxValue - 1),
            (int)(queue.WholeNumber("messages", 1, QueueSettings.MessagesMax) ?? QueueSettings.MessagesDefault),
            (int)(queue.WholeNumber("bytes", QueueSettings.BytesMin, QueueSettings.BytesMax) ?? QueueSettings.BytesDefault),
            FolderBody.TimeOf(queue, "wait", QueueSettings.WaitDefault, TimeSpan.Zero, QueueSettings.WaitMax));
    }

    private static string BrokerOf(JsonBody queue, SourcesOptions options)
    {
        string? broker = queue.Text("broker");
        if (broker is null || !options.Brokers.ContainsKey(broker))
        {
            string known = options.Brokers.Count == 0
                ? "It has none: set Sources:Brokers."
                : $"It has {string.Join(", ", options.Brokers.Keys.Order(StringComparer.Ordinal))}.";
            string fault = broker is null ? "Is missing: say" : $"\"{Excerpt.Of(broker)}\" is none of what the service is told of. Say";
            queue.Add("broker", $"{fault} which broker. {known}");
        }

        return broker ?? "";
    }

    private static string StreamOf(JsonBody queue, BrokerOptions? broker)
    {
        string name = queue.Text("stream") ?? "";
        bool isGood = broker?.IsRabbit != false ? StreamName.IsGood(name) : StreamName.IsGoodForNats(name);
        if (!isGood)
        {
            queue.Add("stream", name.Length == 0 ? "Is missing: say which stream." : $"\"{Excerpt.Of(name)}\" is no name of a stream.");
        }
        else if (broker is { Streams.Count: > 0 } && !broker.Streams.Contains(name))
        {
            queue.Add("stream", $"\"{Excerpt.Of(name)}\" is none of the streams that sources may be of.");
        }

        return name;
    }

    private static string? SubjectOf(JsonBody queue, BrokerOptions? broker)
    {
        string? subject = queue.Text("subject");
        if (subject is not null && broker?.IsRabbit == true)
        {
            queue.Add("subject", "Streams of RabbitMQ have none: leave it out.");
        }
        else if (subject is not null && !StreamName.IsSubject(subject))
        {
            queue.Add("subject", $"\"{Excerpt.Of(subject)}\" is no subject, such as readings.eu.*.");
        }

        return subject;
    }
}
