using System.Net;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Events;
using PipelineService.Events.Webhooks;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Tests.Events;

/// <summary>The parts of which webhooks are made, each by itself.</summary>
public sealed class WebhookPartsTests
{
    /// <summary>The example of the standard, and the same with a second secret.</summary>
    [Fact]
    public void Signs_as_the_standard_says()
    {
        byte[] secret = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        byte[] body = Encoding.UTF8.GetBytes("""{"test": 2432232314}""");
        const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

        Assert.Equal(Signature, WebhookSignature.Sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body));
        string both = WebhookSignature.Sign([WebhookSignature.NewSecret(), secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body);
        Assert.Equal(Signature, both.Split(' ')[1]);
        Assert.NotEqual(Signature, WebhookSignature.Sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265331, body));
    }

    [Theory]
    [InlineData(true, "8.8.8.8 1.1.1.1 172.15.255.255 172.32.0.0 100.63.255.255 100.128.0.0 192.167.255.255 169.253.255.255 223.255.255.255 11.0.0.0")]
    [InlineData(true, "2606:4700::1111 2a00:1450:4001::1 64:ff9b::808:808 ::ffff:8.8.8.8")]
    [InlineData(false, "127.0.0.1 127.255.255.255 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 100.100.100.200")]
    [InlineData(false, "224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 192.0.0.192 192.0.2.1 198.18.0.1 203.0.113.1")]
    [InlineData(false, "::1 :: fe80::1 fc00::1 fd00:ec2::254 ff02::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 2001:db8::1 fec0::1")]
    [InlineData(false, "64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1:: 2002:a9fe:a9fe:: 2001:0:7f00:1:: 100::1 5f00::1")]
    public void Knows_which_addresses_are_public(bool isPublic, string addresses) => Assert.All(
        addresses.Split(' '), address => Assert.True(PublicAddresses.Contain(IPAddress.Parse(address)) == isPublic, address));

    [Theory]
    [InlineData("https://example.com/hook?x=1", null)]
    [InlineData("http://example.com/", "is http")]
    [InlineData("https://user@example.com/", "Give credentials as headers")]
    [InlineData("https://example.com/#a", "fragment")]
    [InlineData("file:///etc/passwd", "no address")]
    [InlineData("/hook", "no address")]
    [InlineData("https://exämple.com/", "in ASCII")]
    [InlineData("https://127.0.0.1/", "Events:AllowPrivateAddresses")]
    [InlineData("https://2130706433/", "Events:AllowPrivateAddresses")]
    [InlineData("https://0x7f.1/", "Events:AllowPrivateAddresses")]
    [InlineData("https://[::ffff:169.254.169.254]/", "Events:AllowPrivateAddresses")]
    [InlineData("https://api.localhost/", "Events:AllowPrivateAddresses")]
    public void Says_what_is_wrong_with_an_address(string url, string? fault)
    {
        string? found = WebhookAddress.FaultOf(url, new EventsOptions());

        Assert.True(fault is null ? found is null : found?.Contains(fault, StringComparison.Ordinal) == true, found);
    }

    [Theory]
    [InlineData("Authorization", "Bearer x", true)]
    [InlineData("X-Token", "a b", true)]
    [InlineData("Host", "x", false)]
    [InlineData("content-length", "1", false)]
    [InlineData("Webhook-Id", "1", false)]
    [InlineData("X-Forwarded-For", "1.2.3.4", false)]
    [InlineData("Transfer-Encoding", "chunked", false)]
    [InlineData("bad name", "x", false)]
    [InlineData("X-Token", "a\r\nHost: b", false)]
    [InlineData("X-Token", "ä", false)]
    public void Takes_headers_that_are_not_its_own(string name, string value, bool isTaken) =>
        Assert.Equal(isTaken, WebhookHeaders.FaultsOf(new Dictionary<string, string> { [name] = value }).Length == 0);

    [Fact]
    public void Keeps_secrets_so_that_only_the_same_key_and_webhook_get_them_back()
    {
        byte[] secret = WebhookSignature.NewSecret();
        (Guid id, Guid other) = (Guid.NewGuid(), Guid.NewGuid());
        WebhookVault vault = VaultOf(1);
        byte[] kept = vault.Seal(id, secret);

        Assert.Equal(secret, vault.Open(id, kept));
        Assert.Equal(-1, kept.AsSpan().IndexOf(secret));
        Assert.Null(vault.Open(other, kept));
        Assert.Null(VaultOf(2).Open(id, kept));
        Assert.Null(VaultOf(null).Open(id, kept));
        kept[^1]++;
        Assert.Null(vault.Open(id, kept));
        Assert.Equal(secret, vault.Open(id, VaultOf(null).Seal(id, secret)));

        static WebhookVault VaultOf(byte? key) => new(Options.Create(new EventsOptions
        {
            SecretKey = key is { } value ? Convert.ToBase64String(Enumerable.Repeat(value, 32).ToArray()) : null,
        }));
    }

    [Fact]
    public void Tries_ten_times_over_three_days_and_heeds_what_it_is_asked()
    {
        TimeSpan all = TimeSpan.Zero;
        int attempts = 1;
        while (DeliverySchedule.PauseAfter(attempts, asked: null) is { } pause)
        {
            (all, attempts) = (all + pause, attempts + 1);
        }

        Assert.Equal(10, attempts);
        Assert.InRange(all.TotalHours, 75, 84);
        Assert.Equal(TimeSpan.FromSeconds(90), DeliverySchedule.PauseAfter(1, TimeSpan.FromSeconds(90)));
        Assert.Equal(TimeSpan.FromHours(1), DeliverySchedule.PauseAfter(1, TimeSpan.FromDays(400)));
        Assert.InRange(DeliverySchedule.PauseAfter(1, TimeSpan.FromDays(-1))!.Value.TotalSeconds, 5, 5.5);
    }

    /// <summary>
    /// However many hang, each has its own place; one that fails gets one attempt after a rest, and all again when that succeeds.
    /// </summary>
    [Fact]
    public void Gives_each_webhook_a_place_of_its_own_and_one_that_fails_a_rest()
    {
        using ServiceProvider services = new ServiceCollection().AddMetrics().AddSingleton<PipelineMetrics>().BuildServiceProvider();
        FakeTimeProvider time = new();
        WebhookLanes lanes = new(time, services.GetRequiredService<PipelineMetrics>());
        Guid[] slow = [.. Enumerable.Range(0, 40).Select(_ => Guid.NewGuid())];
        var late = Guid.NewGuid();
        Fill(slow[..6]);
        Fill(slow);
        Assert.InRange(lanes.UnderWay, 41, 40 + WebhookLanes.SharedMax);
        Assert.Equal([(late, 1)], lanes.RoomFor([.. slow, late]));

        lanes.Take(late);
        for (int i = 0; i < WebhookLanes.FailuresMax; i++)
        {
            lanes.Leave(late, hasFailed: true);
            Assert.Equal(i + 1 < WebhookLanes.FailuresMax, lanes.RoomFor([late]).Count == 1);
            lanes.Take(late);
        }

        lanes.Leave(late, hasFailed: null);
        Assert.Equal(1, lanes.Resting);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal([(late, 1)], lanes.RoomFor([late]));
        lanes.Take(late);
        Assert.Empty(lanes.RoomFor([late]));
        lanes.Leave(late, hasFailed: true);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Empty(lanes.RoomFor([late])); // it rests for longer now
        time.Advance(TimeSpan.FromSeconds(31));
        lanes.Take(late);
        lanes.Leave(late, hasFailed: false);
        Array.ForEach(slow, webhook => lanes.Leave(webhook, hasFailed: false));
        Assert.Equal(0, lanes.Resting);
        Assert.True(lanes.RoomFor([late]).Single().Room > 1);

        void Fill(Guid[] webhooks)
        {
            for (IReadOnlyList<(Guid Webhook, int Room)> rooms = lanes.RoomFor(webhooks); rooms.Count > 0; rooms = lanes.RoomFor(webhooks))
            {
                foreach ((Guid webhook, int room) in rooms)
                {
                    for (int i = 0; i < room; i++)
                    {
                        lanes.Take(webhook);
                    }
                }
            }
        }
    }
}
