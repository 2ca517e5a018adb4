# The service as an image: built with the SDK, shipped with the runtime alone, run without privileges.

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source

# Restore first, from nothing but project and lock files: a layer that stays valid until a dependency changes.
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/PipelineService.Core/PipelineService.Core.csproj src/PipelineService.Core/packages.lock.json src/PipelineService.Core/
COPY src/PipelineService.Client/PipelineService.Client.csproj src/PipelineService.Client/packages.lock.json src/PipelineService.Client/
COPY src/PipelineService/PipelineService.csproj src/PipelineService/packages.lock.json src/PipelineService/
RUN dotnet restore src/PipelineService --locked-mode

COPY src/ src/
RUN dotnet publish src/PipelineService --configuration Release --no-restore --output /app -p:NativesOfThisMachine=true

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app ./

# Uploads wait here until they are loaded: they must outlive the container. A volume takes over the owner of the directory
# that it covers, so the directory is made for the user who will write to it.
ARG APP_UID=1654
RUN mkdir -p /var/lib/pipeline/spool && chown -R $APP_UID:$APP_UID /var/lib/pipeline
VOLUME /var/lib/pipeline/spool
ENV Spool__Directory=/var/lib/pipeline/spool

ENV ASPNETCORE_HTTP_PORTS=8080
EXPOSE 8080
USER $APP_UID

# The service asks itself: the image has no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["dotnet", "PipelineService.dll", "--health-check"]

ENTRYPOINT ["dotnet", "PipelineService.dll"]
