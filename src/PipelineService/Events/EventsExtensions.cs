using System.Net;
using PipelineService.Events.Requests;
using PipelineService.Events.Taps;
using PipelineService.Events.Views;
using PipelineService.Events.Webhooks;
using PipelineService.Hosting.Startup;

namespace PipelineService.Events;

/// <summary>What happened, and who is told of it.</summary>
public static class EventsExtensions
{
    public static WebApplicationBuilder AddEvents(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<EventsOptions>(EventsOptions.Section);
        builder.Services.AddSingleton<EventStore>();
        builder.Services.AddSingleton<EventFeed>();
        builder.Services.AddSingleton<EventSequencer>();
        builder.Services.AddSingleton<EventCleaner>();
        builder.Services.AddSingleton<EventStreams>();
        builder.Services.AddSingleton<JobStreams>();
        builder.Services.AddSingleton<TapStreams>();
        builder.Services.AddSingleton<ViewFeed>();
        builder.Services.AddSingleton<ViewStreams>();
        builder.Services.AddSingleton<WebhookVault>();
        builder.Services.AddSingleton<WebhookStore>();
        builder.Services.AddSingleton<DeliveryStore>();
        builder.Services.AddSingleton<HostResolver>(Dns.GetHostAddressesAsync);
        builder.Services.AddSingleton<WebhookClient>();
        builder.Services.AddSingleton<WebhookLanes>();
        builder.Services.AddSingleton<WebhookDispatcher>();
        builder.Services.AddHostedService(services => services.GetRequiredService<EventSequencer>());
        builder.Services.AddHostedService(services => services.GetRequiredService<EventCleaner>());
        builder.Services.AddHostedService<EventBeat>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ViewFeed>());
        builder.Services.AddHostedService(services => services.GetRequiredService<WebhookDispatcher>());
        return builder;
    }

    public static IEndpointRouteBuilder MapEvents(this IEndpointRouteBuilder api)
    {
        api.MapEventLog();
        api.MapWebhooks();
        api.MapViews();
        api.MapTap();
        return api;
    }
}
