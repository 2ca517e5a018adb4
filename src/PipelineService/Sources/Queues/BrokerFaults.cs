namespace PipelineService.Sources.Queues;

/// <summary>What is wrong with the settings of a broker.</summary>
internal static class BrokerFaults
{
    private const int StreamsMax = 1_000;

    private static readonly string[] Schemes = ["nats", "tls", "amqp", "amqps"];

    public static IEnumerable<(string Setting, string Fault)> Of(BrokerOptions broker)
    {
        if (broker.Address is not { IsAbsoluteUri: true, Host.Length: > 0 } address || !Schemes.Contains(address.Scheme)
            || address.UserInfo.Length + address.Query.Length + address.Fragment.Length > 0
            || (!broker.IsRabbit && address.AbsolutePath.Length > 1) || address.AbsolutePath.LastIndexOf('/') > 0)
        {
            yield return (
                nameof(BrokerOptions.Address),
                "must be the address of a broker without what lets us in, such as nats://nats:4222, tls://nats:4222, amqp://rabbit:5672 or "
                    + "amqps://rabbit/vhost.");
        }

        string?[] ways = [broker.User, broker.Token, broker.CredentialsFile];
        if (ways.Count(way => way is not null) > 1)
        {
            yield return (nameof(BrokerOptions.User), "only one of User, Token and CredentialsFile lets us in.");
        }

        if (broker.User is null != broker.Password is null)
        {
            yield return (
                broker.User is null ? nameof(BrokerOptions.User) : nameof(BrokerOptions.Password), "User and Password go together.");
        }

        if (broker.IsRabbit && (broker.Token ?? broker.CredentialsFile) is not null)
        {
            yield return (
                broker.Token is null ? nameof(BrokerOptions.CredentialsFile) : nameof(BrokerOptions.Token),
                "RabbitMQ knows User and Password.");
        }

        foreach ((string setting, string? file) in ((string, string?)[])
            [(nameof(BrokerOptions.CredentialsFile), broker.CredentialsFile), (nameof(BrokerOptions.AuthorityFile), broker.AuthorityFile)])
        {
            if (file is not null && !File.Exists(file))
            {
                yield return (setting, "must be a file that is there.");
            }
        }

        if (broker.Streams.Count > StreamsMax || !broker.Streams.All(StreamName.IsGood))
        {
            yield return (nameof(BrokerOptions.Streams), $"must be up to {StreamsMax} names of streams.");
        }

        if (broker.Timeout < TimeSpan.FromSeconds(1) || broker.Timeout > TimeSpan.FromMinutes(10))
        {
            yield return (nameof(BrokerOptions.Timeout), "must be from 1 s to 10 min.");
        }
    }
}

/// <summary>Names of streams and subjects: those of NATS stand in subjects of its own.</summary>
internal static class StreamName
{
    public const int LengthMax = 255;

    public static bool IsGood(string name) => name.Length is > 0 and <= LengthMax && !name.Any(char.IsControl);

    /// <summary>Whether NATS may have a stream that is called so.</summary>
    public static bool IsGoodForNats(string name) =>
        IsGood(name) && !name.Any(c => char.IsWhiteSpace(c) || c is '.' or '*' or '>' or '/' or '\\');

    /// <summary>A subject of NATS, with <c>*</c> for one token and <c>&gt;</c> for all that follow.</summary>
    public static bool IsSubject(string subject)
    {
        string[] tokens = subject.Split('.');
        return IsGood(subject) && !subject.Any(char.IsWhiteSpace)
            && tokens.All(token => token.Length > 0 && (token is "*" or ">" || token.IndexOfAny(['*', '>']) < 0))
            && tokens[..^1].All(token => token != ">");
    }
}
