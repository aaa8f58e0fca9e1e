window.SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  docExpansion: 'list',
  tagsSorter: 'alpha',
  // The badge of a validator on the internet: nothing leaves this machine.
  validatorUrl: null,
});
